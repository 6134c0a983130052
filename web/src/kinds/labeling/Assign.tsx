import { Button, Form, Input, InputNumber, Modal } from 'antd'
import { useState } from 'react'
import { assignNext, release } from '../../api/labeling'
import { Notice } from '../../components/Notice'
import { ErrorWords } from '../../components/States'
import { useText } from '../../i18n'
import { number } from '../../i18n/format'

interface Fields { annotator: string; count: number }

/** Tasks onto a person's list, and back. */
export function Assign({ project, work }: { project: string; work: string }) {
  const t = useText()
  const [form] = Form.useForm<Fields>()
  const [open, setOpen] = useState(false)
  const [busy, setBusy] = useState(false)
  const [said, setSaid] = useState<string>()
  const [error, setError] = useState<Error>()
  const act = async (doing: () => Promise<string>) => {
    setBusy(true)
    setSaid(undefined)
    setError(undefined)
    try {
      setSaid(await doing())
    } catch (cause) {
      setError(cause as Error)
    } finally {
      setBusy(false)
    }
  }
  const give = ({ annotator, count }: Fields) => act(async () => {
    const { assigned } = await assignNext(project, work, annotator.trim(), count)
    return t('labeling.assigned', { annotator, count: number(assigned, 0) })
  })
  const takeBack = async () => {
    const { annotator } = await form.validateFields(['annotator']) as Fields
    await act(async () => t('labeling.released', { annotator, count: number((await release(project, work, annotator.trim())).released, 0) }))
  }
  return (
    <>
      <Button onClick={() => { setSaid(undefined); setError(undefined); setOpen(true) }}>{t('labeling.assign')}</Button>
      <Modal open={open} onCancel={() => setOpen(false)} title={t('labeling.assign')} destroyOnHidden footer={[
        <Button key="release" disabled={busy} onClick={() => void takeBack().catch(() => undefined)}>{t('labeling.release')}</Button>,
        <Button key="assign" type="primary" loading={busy} onClick={() => form.submit()}>{t('labeling.assign')}</Button>,
      ]}>
        <Form<Fields> form={form} layout="vertical" requiredMark={false} initialValues={{ annotator: '', count: 100 }} onFinish={(fields) => void give(fields)} style={{ marginTop: 16 }}>
          <Form.Item name="annotator" label={t('labeling.annotator')} extra={t('labeling.annotatorHint')} rules={[{ required: true, whitespace: true, message: t('form.required') }]}><Input autoComplete="off" /></Form.Item>
          <Form.Item name="count" label={t('labeling.howMany')} extra={t('labeling.howManyHint')} rules={[{ required: true, message: t('form.required') }]}><InputNumber min={1} max={10_000} precision={0} style={{ width: '100%' }} /></Form.Item>
        </Form>
        {said && <Notice tone="success" title={said} />}
        {error && <Notice tone="error" title={t('state.failed')}><ErrorWords error={error} /></Notice>}
      </Modal>
    </>
  )
}
