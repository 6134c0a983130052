import { quoted } from '../../api/prom'
import { FILTERS, type Filter, type Filters } from '../../components/filters'
import { select } from '../../objects/queries/select'
import { narrowing } from '../../objects/queries/whose'
import type { Suggestion } from './complete'

/** Cpu and memory by pod, requests by service, pods by phase: of a project, and of what the filters ask for. */
export function examples(project: string | undefined, filters: Filters): [string, string, string, string] {
  const own = project ? `namespace=${quoted(project)}` : ''
  const more = narrowing(filters)
  return [
    `sum by (pod) (rate(container_cpu_usage_seconds_total${select(own, 'container!=""')}[2m])${more})`,
    `sum by (pod) (container_memory_working_set_bytes${select(own, 'container!=""')}${more})`,
    `sum by (service, code) (rate(dais_gateway_requests_total${select(own, filters.app && `service=${quoted(filters.app)}`)}[2m]))`,
    `sum by (phase) (kube_pod_status_phase${select(own)}${more})`,
  ]
}

/** Labels that carry each filter, in the metrics that have them. */
const CARRIED: Record<Filter, readonly string[]> = {
  app: ['label_dais_io_app', 'app', 'service'], user: ['label_dais_io_user', 'user'], node: ['node', 'Hostname', 'nodename'],
}

/** What the filters ask for comes first: their labels where a label may stand, their values inside those. */
export function offered(all: Suggestion[], filters: Filters, label: string): Suggestion[] {
  const active = FILTERS.filter((name) => filters[name])
  const wanted = (one: Suggestion) => active.some((name) => (one.kind === 'label' ? CARRIED[name].includes(one.text) : one.kind === 'value' && CARRIED[name].includes(label) && one.text === filters[name]))
  return [...all.filter(wanted), ...all.filter((one) => !wanted(one))]
}
