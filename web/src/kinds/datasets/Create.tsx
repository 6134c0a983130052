import { Button, Form, Input, Modal, Select } from 'antd'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { DATASETS } from '../../api/kinds'
import { create } from '../../api/kube'
import { useAct } from '../../components/useAct'
import { at } from '../../frame/useProject'
import { useText } from '../../i18n'

interface Fields {
  name: string
  description?: string
  tags?: string[]
}

/** Names a dataset; versions come by upload. */
export function CreateDataset({ project }: { project: string }) {
  const t = useText()
  const navigate = useNavigate()
  const [open, setOpen] = useState(false)
  const [form] = Form.useForm<Fields>()
  const { busy, act } = useAct()
  const save = async ({ name, description, tags }: Fields) => {
    const done = await act(() => create(DATASETS, {
      apiVersion: 'dais.io/v1alpha1', kind: 'Dataset', metadata: { name, namespace: project },
      spec: { ...(description && { description }), ...(tags?.length && { tags }) },
    }))
    if (done) void navigate(at(project, 'datasets', name))
  }
  return (
    <>
      <Button type="primary" onClick={() => setOpen(true)}>{t('datasets.new')}</Button>
      <Modal open={open} onCancel={() => setOpen(false)} title={t('datasets.new')} okText={t('action.create')} cancelText={t('action.cancel')}
        confirmLoading={busy} onOk={() => form.submit()} destroyOnHidden>
        <Form form={form} layout="vertical" requiredMark={false} onFinish={(fields) => void save(fields)} style={{ marginTop: 16 }}>
          <Form.Item name="name" label={t('field.name')} rules={[{ required: true, message: t('form.required') }, { pattern: /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, message: t('form.name') }]}>
            <Input autoComplete="off" placeholder="digits" />
          </Form.Item>
          <Form.Item name="description" label={`${t('field.description')} (${t('form.optional')})`}><Input.TextArea rows={2} /></Form.Item>
          <Form.Item name="tags" label={`${t('datasets.tags')} (${t('form.optional')})`}><Select mode="tags" open={false} suffixIcon={null} /></Form.Item>
        </Form>
      </Modal>
    </>
  )
}
