import { App, Button, Form, InputNumber, Modal } from 'antd'
import { useState } from 'react'
import { useCan } from '../../api/access'
import type { ABTest } from '../../api/generated'
import { AB_TESTS } from '../../api/kinds'
import { merge } from '../../api/kube'
import { Notice } from '../../components/Notice'
import { ErrorWords } from '../../components/States'
import { useSubmit } from '../../components/useSubmit'
import { useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { portions } from './arms'
import { isOver } from './phase'
import { ShareBar } from './ShareBar'

interface Draft {
  weights: (number | null)[]
}

/** Other weights for a test that goes on; the rest of its variants never changes. */
export function ChangeWeights({ test }: { test: ABTest }) {
  const t = useText()
  const project = useProject()
  const [open, setOpen] = useState(false)
  const mayPatch = useCan('patch', AB_TESTS, project)
  if (!mayPatch || isOver(test) || test.spec.bandit) return null
  return (
    <>
      <Button size="small" onClick={() => setOpen(true)}>{t('abtests.changeWeights')}</Button>
      {open && <Dialog test={test} project={project} close={() => setOpen(false)} />}
    </>
  )
}

function Dialog({ test, project, close }: { test: ABTest; project: string; close: () => void }) {
  const t = useText()
  const { message } = App.useApp()
  const [form] = Form.useForm<Draft>()
  const { variants } = test.spec
  const [first] = useState<Draft>({ weights: variants.map(({ weight }) => weight ?? 1) })
  const { busy, refusal, submit } = useSubmit(form, ({ field = '', message: words }) => {
    const place = /^spec\.variants\[(\d+)\]/.exec(field || words)?.[1]
    return ['weights', Number(place ?? 0)]
  })
  const weights = Form.useWatch<Draft['weights'] | undefined>('weights', form) ?? first.weights
  const shares = portions(variants.map((_variant, index) => weights[index] ?? 0))
  const save = async (draft: Draft) => {
    const changed = variants.map((variant, index) => ({ ...variant, weight: draft.weights[index] ?? 0 }))
    if (!(await submit(() => merge(AB_TESTS, project, test.metadata.name, { spec: { variants: changed } })))) return
    void message.success(t('abtests.weightsChanged'))
    close()
  }
  return (
    <Modal open title={t('abtests.changeWeights')} okText={t('action.save')} cancelText={t('action.cancel')} confirmLoading={busy} onOk={() => form.submit()} onCancel={close}>
      <Form<Draft> form={form} layout="vertical" requiredMark={false} initialValues={first} onFinish={(draft) => void save(draft)}>
        {variants.map(({ name }, index) => (
          <Form.Item key={name} name={['weights', index]} label={<span className="anywhere">{name}</span>} rules={[{ required: true, message: t('form.required') }]} style={{ marginBottom: 10 }}><InputNumber min={0} max={1_000_000} style={{ width: 160 }} /></Form.Item>
        ))}
        <ShareBar named parts={variants.map(({ name }, index) => ({ name, share: shares[index] ?? 0 }))} label={t('abtests.split')} />
        <p className="muted small" style={{ marginTop: 12 }}>{t('abtests.changeWeightsHint')}</p>
        {refusal && <Notice tone="error" title={t('abtests.refused')}><ErrorWords error={refusal.error} /></Notice>}
      </Form>
    </Modal>
  )
}
