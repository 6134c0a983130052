import { Link } from 'react-router'
import type { HoldingJob, QueuedJob, QueueView, WaitingJob } from '../../api/queues'
import { Ago } from '../../components/Ago'
import { DataTable, type Column } from '../../components/DataTable'
import { Empty } from '../../components/States'
import { Status } from '../../components/Status'
import { at } from '../../frame/useProject'
import { useText } from '../../i18n'
import { number } from '../../i18n/format'
import { reasonWords } from '../../objects/reasons'
import { wantsWords } from './shares'

/** A job's name, for who may know it. */
export function JobName({ job }: { job: QueuedJob }) {
  const t = useText()
  if (!job.name || !job.project) return <span className="muted">{t('queues.hidden')}</span>
  return <Link className="strong" to={at(job.project, 'jobs', job.name)}>{job.name}</Link>
}

const keyOf = (job: QueuedJob, place: number) => (job.name ? `${job.project}/${job.name}` : String(place))
const textOf = (job: QueuedJob) => `${job.name ?? ''} ${job.project ?? ''} ${job.user ?? ''}`

function common<T extends QueuedJob>(t: ReturnType<typeof useText>): Record<'job' | 'project' | 'user' | 'wants' | 'priority', Column<T>> {
  return {
    job: { key: 'job', title: t('queues.job'), sort: (one) => one.name, cell: (one) => <JobName job={one} /> },
    project: { key: 'project', title: t('frame.project'), from: 'md', sort: (one) => one.project, cell: (one) => one.project ?? '—' },
    user: { key: 'user', title: t('field.user'), from: 'lg', sort: (one) => one.user ?? undefined, cell: (one) => (one.user ? <Link to={`/people/${encodeURIComponent(one.user)}`}>{one.user}</Link> : '—') },
    wants: {
      key: 'wants', title: t('queues.takes'),
      cell: (one) => <span className="numbers">{wantsWords(t, one.wants) || '—'}{one.replicas > 1 && <span className="muted"> {t('queues.over', { count: number(one.replicas, 0) })}</span>}</span>,
    },
    priority: { key: 'priority', title: t('jobs.priority'), align: 'right', sort: (one) => one.priority, cell: (one) => number(one.priority, 0) },
  }
}

/** Who has a share of a queue. */
export function Holders({ queue }: { queue: QueueView }) {
  const t = useText()
  const { job, project, user, wants, priority } = common<HoldingJob>(t)
  const columns: Column<HoldingJob>[] = [
    job, project, user, wants, priority,
    { key: 'state', title: t('field.status'), sort: (one) => Number(one.isLeaving), cell: (one) => (one.isLeaving ? <Status tone="warning" label={t('queues.leaving')} /> : <Status tone="accent" label={t('queues.in')} busy />) },
    { key: 'since', title: t('condition.since'), sort: (one) => one.since ?? undefined, cell: (one) => <Ago time={one.since ?? undefined} /> },
  ]
  return (
    <DataTable rows={queue.holders} columns={columns} rowKey={(one) => keyOf(one, queue.holders.indexOf(one))} text={textOf} order="since" prefix="in."
      empty={<Empty title={t('queues.nobodyRuns')} />} />
  )
}

/** Who waits, in order, and for what. */
export function Line({ queue }: { queue: QueueView }) {
  const t = useText()
  const { job, project, user, wants, priority } = common<WaitingJob>(t)
  const columns: Column<WaitingJob>[] = [
    { key: 'place', title: t('queues.place'), width: 70, sort: (one) => one.place, cell: (one) => <span className="strong">{number(one.place, 0)}</span> },
    job, project, user, wants, priority,
    {
      key: 'why', title: t('condition.why'), width: '26%',
      cell: (one) => one.reason ? (
        <div className="wraps">
          <div>{reasonWords(t, one.reason)}</div>
          <div className="muted small">{one.message}</div>
        </div>
      ) : <span className="muted">—</span>,
    },
    { key: 'created', title: t('field.created'), from: 'xxl', sort: (one) => one.created, cell: (one) => <Ago time={one.created} /> },
  ]
  return (
    <DataTable rows={queue.line} columns={columns} rowKey={(one) => keyOf(one, one.place)} text={textOf} order="place" prefix="line."
      empty={<Empty title={t('queues.nobodyWaits')} />} />
  )
}
