import { Form, Input, Modal } from 'antd'
import { request } from '../api/http'
import { useAct } from '../components/useAct'
import { useText } from '../i18n'

interface Fields {
  current: string
  new: string
}

export function Password({ open, close }: { open: boolean; close: () => void }) {
  const t = useText()
  const [form] = Form.useForm<Fields>()
  const { busy, act } = useAct()
  const save = async (fields: Fields) => {
    const done = await act(() => request('/api/account/password', { method: 'POST', body: fields }), t('person.passwordChanged'))
    if (done) close()
  }
  return (
    <Modal open={open} onCancel={close} title={t('person.password')} okText={t('action.save')} cancelText={t('action.cancel')}
      confirmLoading={busy} onOk={() => form.submit()} afterClose={() => form.resetFields()} destroyOnHidden>
      <Form form={form} layout="vertical" requiredMark={false} onFinish={(fields) => void save(fields)} style={{ marginTop: 16 }}>
        <Form.Item name="current" label={t('person.passwordCurrent')} rules={[{ required: true, message: t('form.required') }]}>
          <Input.Password autoComplete="current-password" />
        </Form.Item>
        <Form.Item name="new" label={t('person.passwordNew')} rules={[{ required: true, min: 10, message: t('person.passwordShort') }]}>
          <Input.Password autoComplete="new-password" />
        </Form.Item>
      </Form>
    </Modal>
  )
}
