import { Button, Form, Input, Modal } from 'antd'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { ENVIRONMENTS } from '../../api/kinds'
import { create } from '../../api/kube'
import { useAct } from '../../components/useAct'
import { at } from '../../frame/useProject'
import { useText } from '../../i18n'

interface Fields {
  name: string
  version?: string
  requirements?: string
}

const lines = (text = '') => text.split('\n').map((line) => line.replace(/\s#.*$|^#.*$/, '').trim()).filter(Boolean)

/** Python and requirements, as in requirements.txt. */
export function CreateEnvironment({ project }: { project: string }) {
  const t = useText()
  const navigate = useNavigate()
  const [open, setOpen] = useState(false)
  const [form] = Form.useForm<Fields>()
  const { busy, act } = useAct()
  const save = async ({ name, version, requirements }: Fields) => {
    const done = await act(() => create(ENVIRONMENTS, {
      apiVersion: 'dais.io/v1alpha1', kind: 'Environment', metadata: { name, namespace: project },
      spec: { python: { ...(version && { version }), requirements: lines(requirements) } },
    }))
    if (done) void navigate(at(project, 'environments', name))
  }
  return (
    <>
      <Button type="primary" onClick={() => setOpen(true)}>{t('environments.new')}</Button>
      <Modal open={open} onCancel={() => setOpen(false)} title={t('environments.new')} okText={t('action.create')} cancelText={t('action.cancel')}
        confirmLoading={busy} onOk={() => form.submit()} destroyOnHidden>
        <Form form={form} layout="vertical" requiredMark={false} onFinish={(fields) => void save(fields)} style={{ marginTop: 16 }}>
          <Form.Item name="name" label={t('field.name')} rules={[{ required: true, message: t('form.required') }, { pattern: /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, message: t('form.name') }]}>
            <Input autoComplete="off" placeholder="sklearn" />
          </Form.Item>
          <Form.Item name="version" label={`${t('environments.python')} (${t('form.optional')})`} extra={t('environments.pythonHint')}
            rules={[{ pattern: /^3(\.[0-9]{1,2}){0,2}$/, message: t('environments.pythonHint') }]}>
            <Input placeholder="3.11" />
          </Form.Item>
          <Form.Item name="requirements" label={t('environments.requirements')} extra={t('environments.requirementsHint')}>
            <Input.TextArea className="mono" rows={6} spellCheck={false} placeholder={'scikit-learn\nskl2onnx\nmlflow'} />
          </Form.Item>
        </Form>
      </Modal>
    </>
  )
}
