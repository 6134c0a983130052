import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { DataTable, type Column } from '../../components/DataTable'
import { useTravel } from '../../components/range'
import { Sparkline } from '../../components/Sparkline'
import { NoneFor } from '../../components/NoneFor'
import { at } from '../../frame/useProject'
import { useText } from '../../i18n'
import { amount, bytes, duration, number } from '../../i18n/format'
import type { App } from './use'

/** A call slower than this is worth a look. */
const SLOW_SECONDS = 0.2

interface Props {
  apps: App[] | undefined
  error: Error | null
  refetch: () => unknown
  action: ReactNode
  /** With a search box, and more rows. */
  full?: boolean
}

export function Apps({ apps, error, refetch, action, full = false }: Props) {
  const t = useText()
  const travel = useTravel()
  const several = new Set(apps?.map((one) => one.project)).size > 1
  const some = apps?.some((one) => one.accelerators) ?? false
  const columns: Column<App>[] = [
    {
      key: 'name', title: t('field.application'), sort: (app) => app.name,
      cell: (app) => <Link className="strong" to={travel(at(app.project, 'apps', app.name))}>{app.name}</Link>,
    },
    ...(several ? [{ key: 'project', title: t('frame.project'), from: 'xxl' as const, sort: (app: App) => app.project, cell: (app: App) => app.project }] : []),
    { key: 'rate', title: t('services.rate'), align: 'right', sort: (app) => app.rate, cell: (app) => (app.rate === undefined ? '—' : number(app.rate)) },
    { key: 'p99', title: 'p99', align: 'right', sort: (app) => app.p99, cell: (app) => <span className={(app.p99 ?? 0) > SLOW_SECONDS ? 'toned tone-warning' : ''}>{duration(app.p99)}</span> },
    { key: 'cpu', title: t('field.cpu'), align: 'right', sort: (app) => app.cpu, cell: (app) => (app.cpu === undefined ? '—' : t('unit.cores', { n: amount(app.cpu) })) },
    { key: 'memory', title: t('field.memory'), align: 'right', from: full ? 'sm' : 'xxl', sort: (app) => app.memory, cell: (app) => bytes(app.memory) },
    ...(some ? [{ key: 'cards', title: t('field.accelerators'), align: 'right' as const, from: full ? ('sm' as const) : ('xxl' as const), sort: (app: App) => app.accelerators, cell: (app: App) => (app.accelerators ? t('unit.cards', { n: app.accelerators }) : '0') }] : []),
    { key: 'trend', title: t('machines.trend'), from: 'md', cell: (app) => <Sparkline values={app.trend} label={t('machines.trendOf', { name: app.name })} width={72} /> },
    {
      key: 'go', title: '', align: 'right',
      cell: (app) => (
        <span className="cell-actions">
          <Link to={travel(`${at(app.project, 'logs')}?app=${encodeURIComponent(app.name)}`)}>{t('action.logs')}</Link>
          <Link to={travel(`${at(app.project, 'traces')}?service=${encodeURIComponent(app.name)}`)}>{t('action.traces')}</Link>
        </span>
      ),
    },
  ]
  return (
    <DataTable rows={apps} error={error} retry={refetch} columns={columns} rowKey={(app) => `${app.project}/${app.name}`} order="cpu.desc" prefix="apps." page={full ? 50 : 10} {...(full && { text: (app: App) => `${app.project} ${app.name}` })}
      empty={<NoneFor title={t('home.noApps')} hint={t('home.noAppsHint')} action={action} />} />
  )
}
