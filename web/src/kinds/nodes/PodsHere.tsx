import { Link } from 'react-router'
import { LABELS, PODS } from '../../api/kinds'
import type { Pod } from '../../api/meta'
import { quoted, useInstant, type Sample } from '../../api/prom'
import { useList } from '../../api/useKube'
import { DataTable, type Column } from '../../components/DataTable'
import { useFilters } from '../../components/filters'
import { useRange, useTravel } from '../../components/range'
import { NoneFor } from '../../components/NoneFor'
import { Status } from '../../components/Status'
import { at } from '../../frame/useProject'
import { useText } from '../../i18n'
import { amount, bytes } from '../../i18n/format'
import { podState } from '../../objects/pods'
import { reasonWords } from '../../objects/reasons'
import { useNarrowedPods } from '../../objects/useNarrowed'
import { shares } from '../../objects/queries/machine'

const POLL_MS = 5000

/** The pods of a machine: what each uses beside what it asked for. */
export function PodsHere({ node }: { node: string }) {
  const t = useText()
  const travel = useTravel()
  const { end } = useRange()
  const pods = useList(PODS, { live: POLL_MS })
  const within = useNarrowedPods({ ...useFilters(), node: '' })
  const ask = shares('namespace, pod', `node=${quoted(node)}`)
  const cpu = useInstant(ask.cpuUsed, true, end)
  const cpuAsked = useInstant(ask.cpuAsked, true, end)
  const memory = useInstant(ask.memoryUsed, true, end)
  const memoryAsked = useInstant(ask.memoryAsked, true, end)
  const of = (samples: Sample[] | undefined, { metadata }: Pod) => samples?.find(({ labels }) => labels.namespace === metadata.namespace && labels.pod === metadata.name)?.value
  const words = (used: string, asked: number | undefined, write: (value: number) => string) => (asked === undefined ? used : `${used} / ${write(asked)}`)
  const columns: Column<Pod>[] = [
    { key: 'name', title: t('field.name'), sort: (pod) => pod.metadata.name, cell: (pod) => <span className="mono">{pod.metadata.name}</span> },
    { key: 'project', title: t('frame.project'), from: 'md', sort: (pod) => pod.metadata.namespace, cell: (pod) => pod.metadata.namespace },
    { key: 'app', title: t('field.application'), from: 'lg', sort: appOf, cell: (pod) => { const app = appOf(pod); return app ? <Link to={travel(at(pod.metadata.namespace ?? '', 'apps', app))}>{app}</Link> : '—' } },
    { key: 'status', title: t('field.status'), cell: (pod) => { const state = podState(pod); return <Status tone={state.tone} label={reasonWords(t, state.word)} /> } },
    { key: 'cpu', title: t('machines.cpuOfAsked'), align: 'right', sort: (pod) => of(cpu.data, pod), cell: (pod) => words(amount(of(cpu.data, pod)), of(cpuAsked.data, pod), amount) },
    { key: 'memory', title: t('machines.memoryOfAsked'), align: 'right', sort: (pod) => of(memory.data, pod), cell: (pod) => words(bytes(of(memory.data, pod)), of(memoryAsked.data, pod), bytes) },
    { key: 'go', title: '', align: 'right', cell: (pod) => <Link to={travel(`${at(pod.metadata.namespace ?? '', 'logs')}?pod=${encodeURIComponent(pod.metadata.name)}`)}>{t('action.logs')}</Link> },
  ]
  return (
    <DataTable rows={pods.data?.filter((pod) => pod.spec?.nodeName === node && (!within || within.has(`${pod.metadata.namespace}/${pod.metadata.name}`)))} error={pods.error} retry={pods.refetch} columns={columns} order="cpu.desc" prefix="pods."
      rowKey={(pod) => `${pod.metadata.namespace}/${pod.metadata.name}`} text={(pod) => `${pod.metadata.namespace} ${pod.metadata.name} ${appOf(pod) ?? ''}`} empty={<NoneFor title={t('pod.none')} />} />
  )
}

const appOf = (pod: Pod): string | undefined => pod.metadata.labels?.[LABELS.app]
