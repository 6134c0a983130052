import { Button, Modal, Select } from 'antd'
import { useState } from 'react'
import type { Resource } from '../api/kinds'
import { merge } from '../api/kube'
import type { KubeObject } from '../api/meta'
import { useAct } from '../components/useAct'
import { useFrame } from '../frame/context'
import { useText } from '../i18n'

interface Props<T extends Shared> {
  kind: Resource<T>
  of: T
  project: string
  /** What the others may do with it. */
  title: string
  hint: string
}

type Shared = KubeObject & { spec: { sharedWith?: string[] } }

/** Which other projects may use it. */
export function Sharing<T extends Shared>({ kind, of, project, title, hint }: Props<T>) {
  const t = useText()
  const { projects } = useFrame()
  const { busy, act } = useAct()
  const [chosen, setChosen] = useState<string[]>()
  const save = async () => {
    const { name, resourceVersion } = of.metadata
    if (await act(() => merge(kind, project, name, { metadata: { resourceVersion }, spec: { sharedWith: chosen } }), t('share.changed'))) setChosen(undefined)
  }
  const options = (projects ?? []).filter(({ name }) => name !== project).map(({ name }) => ({ value: name, label: name }))
  return (
    <>
      <Button onClick={() => setChosen(of.spec.sharedWith ?? [])}>{t('share.button')}</Button>
      <Modal open={chosen !== undefined} title={title} okText={t('action.save')} cancelText={t('action.cancel')} confirmLoading={busy} onCancel={() => setChosen(undefined)} onOk={() => void save()}>
        <p className="muted">{hint}</p>
        <Select mode="tags" aria-label={title} style={{ width: '100%' }} value={chosen ?? []} options={options} onChange={setChosen} />
      </Modal>
    </>
  )
}
