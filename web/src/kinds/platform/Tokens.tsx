import { useQuery } from '@tanstack/react-query'
import { Button, Form, Input, Modal, Select } from 'antd'
import { useState } from 'react'
import { request } from '../../api/http'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { Code } from '../../components/Code'
import { Danger } from '../../components/Danger'
import { DataTable, type Column } from '../../components/DataTable'
import { Notice } from '../../components/Notice'
import { PageHead } from '../../components/PageHead'
import { Empty } from '../../components/States'
import { useAct } from '../../components/useAct'
import { useText } from '../../i18n'

interface Token {
  id: string
  name: string
  createdAt?: string | number
  expiresAt?: string | number
  lastUsedAt?: string | number
}

const DAYS = [7, 30, 90, 365]

/** Tokens let programs act as this person: the command line, notebooks, CI. */
export function Tokens() {
  const t = useText()
  const tokens = useQuery({ queryKey: ['tokens'], queryFn: async () => (await request<{ tokens: Token[] }>('/api/tokens')).tokens })
  const [secret, setSecret] = useState('')
  const revoke = async (id: string) => {
    await request(`/api/tokens/${encodeURIComponent(id)}`, { method: 'DELETE' })
    await tokens.refetch()
  }
  const made = (token: string) => {
    setSecret(token)
    void tokens.refetch()
  }
  const columns: Column<Token>[] = [
    { key: 'name', title: t('field.name'), sort: (one) => one.name, cell: (one) => <span className="strong">{one.name}</span> },
    { key: 'created', title: t('field.created'), sort: (one) => one.createdAt, cell: (one) => <Ago time={one.createdAt} /> },
    { key: 'used', title: t('tokens.used'), from: 'sm', sort: (one) => one.lastUsedAt, cell: (one) => (one.lastUsedAt ? <Ago time={one.lastUsedAt} /> : t('tokens.never')) },
    { key: 'expires', title: t('tokens.expires'), sort: (one) => one.expiresAt, cell: (one) => (one.expiresAt ? <Ago time={one.expiresAt} /> : t('tokens.never')) },
    {
      key: 'go', title: '', align: 'right',
      cell: (one) => <Danger size="small" type="text" label={t('tokens.revoke')} question={t('tokens.revokeAsk', { name: one.name })} consequence={t('tokens.revokeWhat')} act={() => revoke(one.id)} />,
    },
  ]
  return (
    <>
      <PageHead title={t('nav.tokens')} facts={[t('tokens.hint')]} actions={<CreateToken made={made} />} />
      <div className="stack">
        {secret && <Notice tone="success" title={t('tokens.once')}><div style={{ marginTop: 8 }}><Code text={secret} wrap label={t('tokens.secret')} /></div></Notice>}
        <Card>
          <DataTable rows={tokens.data} error={tokens.error} retry={tokens.refetch} columns={columns} rowKey={(one) => one.id} text={(one) => one.name} order="created.desc" empty={<Empty title={t('tokens.none')} hint={t('tokens.noneHint')} />} />
        </Card>
      </div>
    </>
  )
}

interface Fields {
  name: string
  days: number
}

function CreateToken({ made }: { made: (token: string) => void }) {
  const t = useText()
  const [open, setOpen] = useState(false)
  const [form] = Form.useForm<Fields>()
  const { busy, act } = useAct()
  const save = (fields: Fields) => act(async () => {
    const { token } = await request<{ token: string }>('/api/tokens', { method: 'POST', body: fields })
    setOpen(false)
    made(token)
  })
  return (
    <>
      <Button type="primary" onClick={() => setOpen(true)}>{t('tokens.new')}</Button>
      <Modal open={open} onCancel={() => setOpen(false)} title={t('tokens.new')} okText={t('action.create')} cancelText={t('action.cancel')} confirmLoading={busy} onOk={() => form.submit()} destroyOnHidden>
        <Form form={form} layout="vertical" requiredMark={false} initialValues={{ days: 30 }} onFinish={(fields) => void save(fields)} style={{ marginTop: 16 }}>
          <Form.Item name="name" label={t('field.name')} rules={[{ required: true, message: t('form.required') }]}><Input placeholder="laptop" autoComplete="off" /></Form.Item>
          <Form.Item name="days" label={t('tokens.lasts')}><Select options={DAYS.map((days) => ({ value: days, label: t('tokens.days', { days }) }))} /></Form.Item>
        </Form>
      </Modal>
    </>
  )
}
