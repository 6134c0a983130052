import { quoted } from '../../api/prom'
import { recorded } from './device'
import { ACCELERATORS, busy, CONTAINERS, select } from './select'

/** What one application uses: container metrics, joined with its pods' labels. `project` and `name` are PromQL literals; `more` keeps a part of them. */
export const application = (project: string, name: string, more = '') => {
  const namespace = `namespace=${project}`
  const mine = `* on (namespace, pod) group_left () kube_pod_labels${select(namespace, `label_dais_io_app=${name}`)}${more}`
  return {
    cpu: `sum by (pod) (rate(container_cpu_usage_seconds_total${select(namespace, CONTAINERS)}[2m]) ${mine})`,
    memory: `sum by (pod) (container_memory_working_set_bytes${select(namespace, CONTAINERS)} ${mine})`,
    accelerators: `sum by (pod) (kube_pod_container_resource_requests${select(namespace, ACCELERATORS)} ${mine})`,
    acceleratorsBusy: `avg by (pod) (${busy(namespace)} ${mine})`,
    acceleratorsRecorded: recorded(namespace, mine),
    pods: `sum by (phase) ((kube_pod_status_phase${select(namespace)} == 1) ${mine})`,
    restarts: `sum(increase(kube_pod_container_status_restarts_total${select(namespace)}[5m]) ${mine})`,
  }
}

/** What the gateway counts of the services whose names match; both are literals. */
export const traffic = (project: string, services: string) => {
  const where = (...more: string[]) => select(`namespace=${project}`, `service=~${services}`, ...more)
  const quantile = (q: number) => `histogram_quantile(${q}, sum by (le) (rate(dais_gateway_request_duration_seconds_bucket${where()}[2m])))`
  return {
    requests: `sum(rate(dais_gateway_requests_total${where()}[2m]))`,
    failing: `sum(rate(dais_gateway_requests_total${where('code=~"5.."')}[2m]))`,
    median: quantile(0.5),
    p95: quantile(0.95),
    p99: quantile(0.99),
  }
}

export const app = (project: string, name: string, more = '') => application(quoted(project), quoted(name), more)
export const appTraffic = (project: string, services: string[]) => traffic(quoted(project), quoted(services.join('|')))
