import { Link } from 'react-router'
import type { TrainingJob } from '../../api/generated'
import type { Pod } from '../../api/meta'
import type { Listed } from '../../api/useKube'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { Empty } from '../../components/States'
import { Status } from '../../components/Status'
import { at } from '../../frame/useProject'
import { useText } from '../../i18n'
import { number } from '../../i18n/format'
import { podState } from '../../objects/pods'
import { reasonWords } from '../../objects/reasons'
import { replicasOf, type Replica } from './replicas'

/** The pods that run the program together, by rank, and why one does not run. */
export function Replicas({ job, pods }: { job: TrainingJob; pods: Listed<Pod> }) {
  const t = useText()
  const count = job.spec.replicas ?? 1
  const known = pods.data && replicasOf(pods.data, count)
  const running = known?.replicas.filter(({ pod }) => pod?.status?.phase === 'Running' && !pod.metadata.deletionTimestamp).length ?? 0
  const columns: Column<Replica>[] = [
    { key: 'rank', title: t('jobs.rank'), width: 70, sort: ({ rank }) => rank, cell: ({ rank }) => <span className="strong">{number(rank, 0)}</span> },
    { key: 'status', title: t('field.status'), sort: ({ pod }) => (pod ? podState(pod).word : ''), cell: ({ pod }) => <State pod={pod} /> },
    { key: 'pod', title: t('explorer.pod'), from: 'md', cell: ({ pod }) => <span className="mono">{pod?.metadata.name ?? '—'}</span> },
    { key: 'node', title: t('pod.node'), from: 'md', sort: ({ pod }) => pod?.spec?.nodeName, cell: ({ pod }) => (pod?.spec?.nodeName ? <Link to={`/nodes/${pod.spec.nodeName}`}>{pod.spec.nodeName}</Link> : '—') },
    { key: 'created', title: t('field.created'), from: 'lg', cell: ({ pod }) => <Ago time={pod?.metadata.creationTimestamp} /> },
    {
      key: 'go', title: '', align: 'right',
      cell: ({ pod }) => pod && <Link to={`${at(pod.metadata.namespace ?? '', 'logs')}?pod=${encodeURIComponent(pod.metadata.name)}`}>{t('action.logs')}</Link>,
    },
  ]
  return (
    <Card className="span-8" title={t('jobs.replicas')} extra={known && <>{known.attempt !== undefined && known.attempt > 1 && <span>{t('jobs.attemptNumber', { attempt: known.attempt })}</span>}<span className="numbers">{t('jobs.someRun', { running, replicas: count })}</span></>}>
      <DataTable rows={known?.replicas} error={pods.error} retry={pods.refetch} columns={columns} rowKey={({ rank }) => String(rank)} order="rank" prefix="replicas." empty={<Empty title={t('pod.none')} />} />
    </Card>
  )
}

function State({ pod }: { pod: Pod | undefined }) {
  const t = useText()
  if (!pod) return <Status tone="muted" label={t('jobs.noPodYet')} />
  const { tone, word, why } = podState(pod)
  return (
    <div className="wraps">
      <Status tone={tone} label={reasonWords(t, word)} />
      {why && <div className="muted small">{why}</div>}
    </div>
  )
}
