import { Link } from 'react-router'
import { EVENTS } from '../api/kinds'
import type { KubeEvent } from '../api/meta'
import { useList } from '../api/useKube'
import { Ago } from '../components/Ago'
import { DataTable, type Column } from '../components/DataTable'
import { Empty } from '../components/States'
import { Status } from '../components/Status'
import { at } from '../frame/useProject'
import { useText } from '../i18n'
import { number } from '../i18n/format'
import { reasonWords } from './reasons'

const POLL_MS = 4000
const lastSeen = (event: KubeEvent) => event.lastTimestamp ?? event.eventTime ?? event.firstTimestamp ?? event.metadata.creationTimestamp

/** What happened to an object and to its pods. */
export function Events({ project, name, pods }: { project: string; name: string; pods: string[] }) {
  const t = useText()
  const events = useList(EVENTS, { namespace: project, live: POLL_MS })
  const names = new Set([name, ...pods])
  const rows = events.data?.filter(({ involvedObject }) => names.has(involvedObject.name ?? ''))
  const columns: Column<KubeEvent>[] = [
    { key: 'seen', title: t('event.seen'), sort: lastSeen, cell: (event) => <Ago time={lastSeen(event)} /> },
    {
      key: 'type', title: t('event.type'), sort: (event) => event.type,
      cell: (event) => <Status tone={event.type === 'Warning' ? 'warning' : 'muted'} label={event.type === 'Warning' ? t('event.warning') : t('event.normal')} />,
    },
    { key: 'about', title: t('event.about'), from: 'md', cell: (event) => <span className="small" translate="no">{event.involvedObject.kind} <span className="mono">{event.involvedObject.name}</span></span> },
    {
      key: 'what', title: t('event.what'), width: '50%',
      cell: (event) => <div className="wraps"><span className="strong">{reasonWords(t, event.reason)}</span> <span className="muted" translate="no">{event.message}</span></div>,
    },
    { key: 'count', title: t('event.count'), align: 'right', sort: (event) => event.count ?? 1, cell: (event) => number(event.count ?? 1, 0) },
  ]
  const kept = `${at(project, 'events')}?is=${encodeURIComponent(`fields.event.name:${name}`)}`
  return (
    <DataTable
      rows={rows} error={events.error} retry={events.refetch} columns={columns} rowKey={(event) => event.metadata.uid ?? event.metadata.name}
      text={(event) => `${event.reason} ${event.message} ${event.involvedObject.name}`} order="seen.desc" prefix="events."
      tools={<Link className="small" style={{ alignSelf: 'center' }} to={kept}>{t('events.older', { name })}</Link>}
      empty={<Empty title={t('event.none')} hint={t('event.noneHint')} />}
    />
  )
}
