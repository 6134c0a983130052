import { Button, Form, Input, Modal, Select } from 'antd'
import { useState } from 'react'
import { request } from '../../api/http'
import { useAct } from '../../components/useAct'
import { useText } from '../../i18n'
import type { Account } from './Accounts'

interface Fields {
  name: string
  password?: string
  groups?: string[]
}

export function CreateAccount({ done }: { done: (name: string, password: string | undefined) => void }) {
  const t = useText()
  const [open, setOpen] = useState(false)
  const [form] = Form.useForm<Fields>()
  const { busy, act } = useAct()
  const save = ({ name, password, groups = [] }: Fields) => act(async () => {
    const made = await request<{ password?: string }>('/api/users', { method: 'POST', body: { name, groups, ...(password && { password }) } })
    setOpen(false)
    done(name, made?.password)
  }, t('accounts.made', { name }))
  return (
    <>
      <Button type="primary" onClick={() => setOpen(true)}>{t('accounts.new')}</Button>
      <Modal open={open} onCancel={() => setOpen(false)} title={t('accounts.new')} okText={t('action.create')} cancelText={t('action.cancel')} confirmLoading={busy} onOk={() => form.submit()} destroyOnHidden>
        <Form form={form} layout="vertical" requiredMark={false} onFinish={(fields) => void save(fields)} style={{ marginTop: 16 }}>
          <Form.Item name="name" label={t('signin.user')} rules={[{ required: true, message: t('form.required') }]}><Input autoComplete="off" /></Form.Item>
          <Form.Item name="password" label={`${t('signin.password')} (${t('form.optional')})`} extra={t('accounts.passwordHint')} rules={[{ min: 10, message: t('person.passwordShort') }]}><Input.Password autoComplete="new-password" /></Form.Item>
          <GroupsField />
        </Form>
      </Modal>
    </>
  )
}

export function EditGroups({ account, done }: { account: Account; done: () => void }) {
  const t = useText()
  const [open, setOpen] = useState(false)
  const [form] = Form.useForm<{ groups?: string[] }>()
  const { busy, act } = useAct()
  const save = ({ groups = [] }: { groups?: string[] }) => act(async () => {
    await request(`/api/users/${encodeURIComponent(account.name)}/groups`, { method: 'PUT', body: { groups } })
    setOpen(false)
    done()
  })
  return (
    <>
      <Button size="small" type="text" onClick={() => setOpen(true)}>{t('accounts.edit')}</Button>
      <Modal open={open} onCancel={() => setOpen(false)} title={t('accounts.editGroups', { name: account.name })} okText={t('action.save')} cancelText={t('action.cancel')} confirmLoading={busy} onOk={() => form.submit()} destroyOnHidden>
        <Form form={form} layout="vertical" initialValues={{ groups: account.groups }} onFinish={(fields) => void save(fields)} style={{ marginTop: 16 }}>
          <GroupsField />
        </Form>
      </Modal>
    </>
  )
}

function GroupsField() {
  const t = useText()
  return (
    <Form.Item name="groups" label={`${t('accounts.groups')} (${t('form.optional')})`} extra={t('accounts.groupsHint')}>
      <Select mode="tags" open={false} suffixIcon={null} />
    </Form.Item>
  )
}
