// Rules and alerts, in the shapes of Prometheus's HTTP API.
import { ago } from './world.mjs'

const alert = (labels, annotations, state, age, value) => ({ labels, annotations, state, activeAt: ago(age), value: String(value) })
const alerting = (name, query, duration, severity, annotations, alerts = [], rest = {}) => ({
  type: 'alerting', name, query, duration, keepFiringFor: 0, labels: { severity }, annotations, health: 'ok', evaluationTime: 0.0011, lastEvaluation: ago(8),
  state: alerts.some((one) => one.state === 'firing') ? 'firing' : alerts.length ? 'pending' : 'inactive', alerts, ...rest,
})
const recording = (name, query) => ({ type: 'recording', name, query, labels: {}, health: 'ok', evaluationTime: 0.0024, lastEvaluation: ago(8) })

const full = (node, mount, value, age, state = 'firing') => alert(
  { alertname: 'FilesystemFillingUp', severity: 'warning', instance: `${node}:9100`, node, mountpoint: mount, device: '/dev/nvme0n1p2' },
  { summary: `${mount} of ${node} will be full within a day`, description: `${(value * 100).toFixed(1)} % are left, and it goes on as in the last six hours.`, runbook_url: 'https://example.org/runbooks/disk' }, state, age, value,
)
const groups = () => [
  { name: 'services', file: 'credit-score/services.yaml', interval: 30, rules: [
    alerting('ServiceErrors', 'sum by (namespace, service) (rate(dais_gateway_requests_total{code=~"5.."}[5m])) / sum by (namespace, service) (rate(dais_gateway_requests_total[5m])) > 0.05', 300, 'critical', {}, [
      alert({ alertname: 'ServiceErrors', severity: 'critical', namespace: 'credit-score', service: 'digits', app: 'digits' }, { summary: '7.4 % of the requests to digits fail', description: 'More than one in twenty requests of the last five minutes was answered with 5xx.' }, 'firing', 412, 0.0741),
    ]),
    alerting('PodRestarts', 'increase(kube_pod_container_status_restarts_total[15m]) > 3', 0, 'warning', {}, [
      alert({ alertname: 'PodRestarts', severity: 'warning', namespace: 'credit-score', pod: 'fraud-graph-5d4b-aa11', container: 'server', app: 'fraud-graph' }, { summary: 'fraud-graph-5d4b-aa11 keeps being restarted', description: '6 restarts in 15 minutes.' }, 'firing', 2900, 6),
    ]),
    alerting('ServiceSlow', 'histogram_quantile(0.99, sum by (namespace, service, le) (rate(dais_gateway_request_duration_seconds_bucket[5m]))) > 1', 600, 'warning', {}),
    recording('namespace_app:container_cpu_usage:rate2m', 'sum by (namespace, label_dais_io_app) (rate(container_cpu_usage_seconds_total[2m]) * on (namespace, pod) group_left (label_dais_io_app) kube_pod_labels)'),
  ] },
  { name: 'machines', file: 'dais-system/machines.yaml', interval: 60, rules: [
    alerting('FilesystemFillingUp', 'predict_linear(node_filesystem_avail_bytes[6h], 86400) < 0', 3600, 'warning', {}, [full('train-01', '/var/lib/dais', 0.113, 8200), full('train-02', '/', 0.082, 1400, 'pending'), full('edge-01', '/', 0.094, 90_000)]),
    alerting('MachineDown', 'up{job="node"} == 0', 60, 'critical', {}),
    alerting('AcceleratorHot', 'DCGM_FI_DEV_GPU_TEMP > 88', 300, 'warning', {}, [
      alert({ alertname: 'AcceleratorHot', severity: 'warning', gpu: '3', UUID: 'GPU-3f1c0003-0000-4000-8000-000000000003', Hostname: 'train-01', modelName: 'NVIDIA H100 80GB HBM3' }, { summary: 'Accelerator 3 of train-01 is at 91 °C' }, 'pending', 120, 91),
    ]),
    alerting('AcceleratorErrors', 'DCGM_FI_DEV_XID_ERRORS != on (UUID) DCGM_FI_DEV_XID_ERRORS offset 5m', 0, 'critical', {}, [], { health: 'err', lastError: 'found duplicate series for the match group {UUID="GPU-3f1c0003"} on the right hand-side of the operation; many-to-many matching not allowed' }),
  ] },
]

export function rules(path, user) {
  if (user === 'norules') return { code: 404, body: { status: 'error', errorType: 'not_found', error: 'no rules here' } }
  const all = user === 'empty' ? [] : groups()
  if (path.endsWith('/rules')) return { code: 200, body: { status: 'success', data: { groups: all } } }
  return { code: 200, body: { status: 'success', data: { alerts: all.flatMap((group) => group.rules).flatMap((rule) => rule.alerts ?? []) } } }
}

/** What Alertmanager was told: all that fire. */
export const firing = (user) => (user === 'empty' ? [] : groups().flatMap((group) => group.rules).flatMap((rule) => rule.alerts ?? []).filter((one) => one.state === 'firing'))
