import { useQuery } from '@tanstack/react-query'
import { request } from '../../api/http'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { PageHead } from '../../components/PageHead'
import { Empty } from '../../components/States'
import { Status } from '../../components/Status'
import { useText } from '../../i18n'

interface Entry {
  id?: number | string
  time: string | number
  user: string
  actingAs?: string
  verb: string
  resource?: string
  namespace?: string
  name?: string
  code?: number
  via?: string
}

const NEWEST = 500

/** Every write, by whom, on what, with which outcome. */
export function Audit() {
  const t = useText()
  const audit = useQuery({
    queryKey: ['audit'], refetchInterval: 10_000,
    queryFn: async () => (await request<{ items: Entry[] }>(`/api/audit?limit=${NEWEST}`)).items,
  })
  const target = (one: Entry) => [one.namespace, one.resource, one.name].filter(Boolean).join(' / ')
  const columns: Column<Entry>[] = [
    { key: 'time', title: t('field.time'), sort: (one) => new Date(one.time).getTime(), cell: (one) => <Ago time={one.time} /> },
    { key: 'user', title: t('field.user'), sort: (one) => one.user, cell: (one) => (one.actingAs ? t('audit.as', { user: one.user, other: one.actingAs }) : one.user) },
    { key: 'verb', title: t('audit.what'), sort: (one) => one.verb, cell: (one) => <span className="mono">{one.verb}</span> },
    { key: 'on', title: t('audit.on'), sort: target, cell: (one) => <span className="mono anywhere">{target(one)}</span> },
    { key: 'via', title: t('audit.via'), from: 'md', sort: (one) => one.via, cell: (one) => one.via ?? '—' },
    {
      key: 'code', title: t('audit.outcome'), sort: (one) => one.code,
      cell: (one) => (one.code === undefined ? '—' : <Status tone={one.code < 400 ? 'success' : one.code < 500 ? 'warning' : 'error'} label={`${one.code < 400 ? t('audit.done') : t('audit.refused')} (${one.code})`} />),
    },
  ]
  return (
    <>
      <PageHead title={t('nav.audit')} facts={[t('audit.hint')]} />
      <Card>
        <DataTable rows={audit.data} error={audit.error} retry={audit.refetch} columns={columns} rowKey={(one) => String(one.id ?? `${one.time}${one.user}${one.verb}${target(one)}`)}
          text={(one) => `${one.user} ${one.verb} ${target(one)} ${one.code ?? ''}`} order="time.desc" empty={<Empty title={t('audit.none')} />} />
      </Card>
    </>
  )
}
