import { Button, Modal, Select } from 'antd'
import { useState } from 'react'
import type { Algorithm } from '../../api/generated'
import { ALGORITHMS } from '../../api/kinds'
import { merge } from '../../api/kube'
import { useAct } from '../../components/useAct'
import { useFrame } from '../../frame/context'
import { useText } from '../../i18n'

/** Which other projects may run it. */
export function Share({ algorithm, project }: { algorithm: Algorithm; project: string }) {
  const t = useText()
  const { projects } = useFrame()
  const { busy, act } = useAct()
  const [chosen, setChosen] = useState<string[]>()
  const save = async () => {
    const { name, resourceVersion } = algorithm.metadata
    if (await act(() => merge(ALGORITHMS, project, name, { metadata: { resourceVersion }, spec: { sharedWith: chosen } }), t('algorithms.shared'))) setChosen(undefined)
  }
  const options = (projects ?? []).filter(({ name }) => name !== project).map(({ name }) => ({ value: name, label: name }))
  return (
    <>
      <Button onClick={() => setChosen(algorithm.spec.sharedWith ?? [])}>{t('algorithms.share')}</Button>
      <Modal open={chosen !== undefined} title={t('algorithms.shareWith')} okText={t('action.save')} cancelText={t('action.cancel')} confirmLoading={busy} onCancel={() => setChosen(undefined)} onOk={() => void save()}>
        <p className="muted">{t('algorithms.shareHint')}</p>
        <Select mode="tags" aria-label={t('algorithms.shareWith')} style={{ width: '100%' }} value={chosen ?? []} options={options} onChange={setChosen} />
      </Modal>
    </>
  )
}
