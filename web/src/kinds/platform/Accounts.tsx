import { useQuery } from '@tanstack/react-query'
import { Button } from 'antd'
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
import { useFrame } from '../../frame/context'
import { useText } from '../../i18n'
import { Consequences } from '../../objects/Consequences'
import { CreateAccount, EditGroups } from './AccountForms'

export interface Account {
  name: string
  groups: string[]
  admin?: boolean
  createdAt?: string
}

interface Told {
  title: string
  secret: string
}

const address = (name: string, part = '') => `/api/users/${encodeURIComponent(name)}${part}`

export function Accounts() {
  const t = useText()
  const { session } = useFrame()
  const { act } = useAct()
  const users = useQuery({ queryKey: ['users'], queryFn: async () => (await request<{ users: Account[] }>('/api/users')).users })
  const [told, tell] = useState<Told | null>(null)
  const drop = async (name: string) => {
    await request(address(name), { method: 'DELETE' })
    await users.refetch()
  }
  const link = (name: string) => act(async () => {
    const { path } = await request<{ path: string }>(address(name, '/link'), { method: 'POST' })
    tell({ title: t('accounts.linkOf', { name }), secret: new URL(path, location.origin).href })
  })
  const created = (name: string, password: string | undefined) => {
    if (password) tell({ title: t('accounts.passwordOf', { name }), secret: password })
    void users.refetch()
  }
  const columns: Column<Account>[] = [
    { key: 'name', title: t('field.name'), sort: (one) => one.name, cell: (one) => <span className="row"><span className="strong">{one.name}</span>{one.admin && <span className="tag tone-accent">{t('frame.admin')}</span>}</span> },
    { key: 'groups', title: t('accounts.groups'), cell: (one) => <span className="row wrap" style={{ gap: 6 }}>{one.groups.map((group) => <span className="tag" key={group}>{group}</span>)}</span> },
    { key: 'created', title: t('field.created'), sort: (one) => one.createdAt, cell: (one) => <Ago time={one.createdAt} /> },
    {
      key: 'go', title: '', align: 'right',
      cell: (one) => (
        <span className="cell-actions" style={{ gap: 2 }}>
          <Button size="small" type="text" onClick={() => void link(one.name)}>{t('accounts.link')}</Button>
          <EditGroups account={one} done={() => void users.refetch()} />
          {one.name !== session.user && <Danger size="small" type="text" label={t('action.delete')} question={t('accounts.deleteAsk', { name: one.name })} consequence={<Consequences kind="User" />} act={() => drop(one.name)} />}
        </span>
      ),
    },
  ]
  return (
    <>
      <PageHead title={t('nav.accounts')} facts={users.data ? [t('accounts.count', { count: users.data.length })] : []} actions={<CreateAccount done={created} />} />
      <div className="stack">
        {told && <Notice tone="success" title={told.title}><div style={{ marginTop: 8 }}><Code text={told.secret} wrap label={t('accounts.secret')} /></div></Notice>}
        <Card>
          <DataTable rows={users.data} error={users.error} retry={users.refetch} columns={columns} rowKey={(one) => one.name} text={(one) => `${one.name} ${one.groups.join(' ')}`} order="name" empty={<Empty title={t('accounts.none')} />} />
        </Card>
      </div>
    </>
  )
}
