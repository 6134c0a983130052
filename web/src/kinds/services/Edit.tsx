import { AutoComplete, Button, Form, InputNumber, Modal } from 'antd'
import { useState } from 'react'
import type { InferenceService } from '../../api/generated'
import { INFERENCE_SERVICES } from '../../api/kinds'
import { merge } from '../../api/kube'
import { useAct } from '../../components/useAct'
import { useText } from '../../i18n'
import { REFERENCE, useReferences } from './useReferences'

interface Fields {
  model: string
  replicas: number
}

/** Another model version, or another number of replicas, at the same address. */
export function EditService({ service, project }: { service: InferenceService; project: string }) {
  const t = useText()
  const [open, setOpen] = useState(false)
  const [form] = Form.useForm<Fields>()
  const { busy, act } = useAct()
  const references = useReferences(project)
  const save = async (spec: Fields) => {
    if (await act(() => merge(INFERENCE_SERVICES, project, service.metadata.name, { spec }), t('services.changed'))) setOpen(false)
  }
  return (
    <>
      <Button onClick={() => setOpen(true)}>{t('services.edit')}</Button>
      <Modal open={open} onCancel={() => setOpen(false)} title={t('services.edit')} okText={t('action.save')} cancelText={t('action.cancel')} confirmLoading={busy} onOk={() => form.submit()} destroyOnHidden>
        <Form form={form} layout="vertical" requiredMark={false} initialValues={{ model: service.spec.model, replicas: service.spec.replicas ?? 1 }} onFinish={(fields) => void save(fields)} style={{ marginTop: 16 }}>
          <Form.Item name="model" label={t('jobs.model')} extra={t('services.modelHint')} rules={[{ required: true, pattern: REFERENCE, message: t('services.modelHint') }]}>
            <AutoComplete options={references} />
          </Form.Item>
          <Form.Item name="replicas" label={t('services.replicas')} rules={[{ required: true, message: t('form.required') }]}>
            <InputNumber min={0} max={1000} style={{ width: '100%' }} />
          </Form.Item>
        </Form>
      </Modal>
    </>
  )
}
