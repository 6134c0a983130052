import { Link } from 'react-router'
import { useTraces, useTraceServices, type Trace } from '../../api/traces'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { useRange, useTravel } from '../../components/range'
import { Empty } from '../../components/States'
import { Status } from '../../components/Status'
import { at } from '../../frame/useProject'
import { useText } from '../../i18n'
import { duration } from '../../i18n/format'
import { isError, rootOf } from '../traces/shape'

const SHOWN = 8
const began = (trace: Trace) => rootOf(trace)?.startTime ?? 0
const took = (trace: Trace) => (Math.max(...trace.spans.map((span) => span.startTime + span.duration)) - Math.min(...trace.spans.map((span) => span.startTime))) / 1e6
const wrong = (trace: Trace) => trace.spans.filter(isError).length

interface Props {
  project: string
  app: string
  /** Empty: anybody's. */
  user?: string
  services: string[]
  className: string
}

/** The slowest and the failed requests of the range: those are worth a look. */
export function AppTraces({ project, app, user, services, className }: Props) {
  const t = useText()
  const travel = useTravel()
  const { seconds, end } = useRange()
  const known = useTraceServices()
  const service = [app, ...services].find((one) => known.data?.includes(one)) ?? ''
  // What sends no spans of its own is known by what the gateway notes of its requests.
  const by = service ? { service } : { project, service, app }
  const traces = useTraces({ ...by, ...(user && { user }), seconds, end })
  const rows = known.data && traces.data?.toSorted((a, b) => wrong(b) - wrong(a) || took(b) - took(a)).slice(0, SHOWN)
  const name = (trace: Trace) => rootOf(trace)?.operationName ?? trace.traceID
  const columns: Column<Trace>[] = [
    { key: 'name', title: t('traces.operation'), cell: (trace) => <Link to={travel(at(project, 'traces', trace.traceID))}>{name(trace)}</Link> },
    { key: 'status', title: t('field.status'), cell: (trace) => (wrong(trace) ? <Status tone="error" label={t('traces.errors', { count: wrong(trace) })} /> : <Status tone="success" label={t('traces.fine')} />) },
    { key: 'took', title: t('jobs.took'), align: 'right', sort: took, cell: (trace) => duration(took(trace)) },
    { key: 'began', title: t('experiments.started'), sort: began, cell: (trace) => <Ago time={began(trace) / 1000 || undefined} /> },
  ]
  return (
    <Card className={className} title={t('apps.slowest')} extra={<Link to={travel(`${at(project, 'traces')}?${service ? 'service' : 'app'}=${encodeURIComponent(service || app)}`)}>{t('apps.allTraces')}</Link>}>
      <DataTable rows={rows} error={traces.error ?? known.error} retry={traces.refetch} columns={columns} rowKey={(trace) => trace.traceID} prefix="traces."
        empty={<Empty title={t('traces.none')} hint={t('traces.noneHint')} />} />
    </Card>
  )
}
