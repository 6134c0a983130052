import { Link } from 'react-router'
import type { Pod } from '../api/meta'
import type { Listed } from '../api/useKube'
import { Ago } from '../components/Ago'
import { DataTable, type Column } from '../components/DataTable'
import { Empty } from '../components/States'
import { Status } from '../components/Status'
import { at } from '../frame/useProject'
import { useText } from '../i18n'
import { number } from '../i18n/format'
import { podState } from './pods'
import { reasonWords } from './reasons'

/** Replicas, and why one is not ready; `more` is what only this kind's pods have. */
export function PodTable({ pods, more = [] }: { pods: Listed<Pod>; more?: Column<Pod>[] }) {
  const t = useText()
  const columns: Column<Pod>[] = [
    { key: 'name', title: t('field.name'), sort: (pod) => pod.metadata.name, cell: (pod) => <span className="mono">{pod.metadata.name}</span> },
    {
      key: 'status', title: t('field.status'),
      cell: (pod) => {
        const state = podState(pod)
        return (
          <div className="wraps">
            <Status tone={state.tone} label={reasonWords(t, state.word)} />
            {state.why && <div className="muted small">{state.why}</div>}
          </div>
        )
      },
    },
    ...more,
    { key: 'restarts', title: t('pod.restarts'), align: 'right', sort: (pod) => podState(pod).restarts, cell: (pod) => number(podState(pod).restarts, 0) },
    { key: 'node', title: t('pod.node'), from: 'md', cell: (pod) => (pod.spec?.nodeName ? <Link to={`/nodes/${pod.spec.nodeName}`}>{pod.spec.nodeName}</Link> : '—') },
    { key: 'age', title: t('field.created'), sort: (pod) => pod.metadata.creationTimestamp, cell: (pod) => <Ago time={pod.metadata.creationTimestamp} /> },
    {
      key: 'go', title: '', align: 'right',
      cell: (pod) => <Link to={`${at(pod.metadata.namespace ?? '', 'logs')}?pod=${encodeURIComponent(pod.metadata.name)}`}>{t('action.logs')}</Link>,
    },
  ]
  return (
    <DataTable rows={pods.data} error={pods.error} retry={pods.refetch} columns={columns} rowKey={(pod) => pod.metadata.name} prefix="pods."
      empty={<Empty title={t('pod.none')} />} />
  )
}
