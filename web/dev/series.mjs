// Made-up series for the pages of machines, accelerators, applications and people.
export const P = 'credit-score'
export const GiB = 2 ** 30
export const NODES = [['train-01', 48, 384, 0.78, 0.61], ['train-02', 32, 256, 0.66, 0.52], ['edge-01', 16, 128, 0.31, 0.28]]
const PEOPLE = [['user-17', 9, 12.4, 402, 6], ['user-08', 3, 3.9, 61, 1], ['user-23', 0, 0, 7.4, 0]]
export const wave = (seed, time, low, high) => low + (high - low) * (0.5 + 0.28 * Math.sin(time / 190 + seed) + 0.12 * Math.sin(time / 37 + seed * 3) + 0.1 * Math.sin(time / 11 + seed * 7))

const scale = (text) => NODES.filter((node) => !/(instance|node)="/.test(text) || text.includes(`"${node[0]}`))
const sum = (text, low, high) => [[{}, (t) => scale(text).reduce((all, node, i) => all + wave(i + low, t, low * node[1], high * node[1]), 0)]]

const MOUNTS = NODES.flatMap(([node], n) => [['/', 100, 62 + n * 12], ['/var/lib/dais', 1800, 1580 - n * 500]].map(([mount, size, used], i) => ({ labels: { instance: `${node}:9100`, node, mountpoint: mount, device: `/dev/nvme${i}n1p2` }, size: size * GiB, used: used * GiB, fills: i === 1 && n === 0 })))
const mounts = (text, value) => MOUNTS.filter(({ labels }) => scale(text).some(([node]) => node === labels.node)).map((one) => [one.labels, (t) => value(one, t)])

const WHO = [['credit-score', 'digits-forest-7-0'], ['credit-score', 'score-card-0'], null, ['ocr-idcard', 'ocr-finetune-0'], ['ocr-idcard', 'ocr-finetune-0'], ['credit-score', 'score-card-0'], null, null]
export const DEVICES = ['train-01', 'train-02'].flatMap((node, n) => Array.from({ length: n ? 4 : 8 }, (_, gpu) => {
  const on = WHO[(gpu + n * 3) % 8]
  return { gpu: String(gpu), UUID: `GPU-3f1c000${gpu}-0000-4000-8000-00000000000${n}`, pci_bus_id: `00000000:${(gpu * 8 + 26).toString(16).toUpperCase()}:00.0`, device: `nvidia${gpu}`, modelName: n ? 'NVIDIA L40S' : 'NVIDIA H100 80GB HBM3', Hostname: node, DCGM_FI_DRIVER_VERSION: '570.86.15', ...(n && { recorded: 'true' }), ...(on && { namespace: on[0], pod: on[1], container: 'main' }) }
}))
const busy = (labels) => Boolean(labels.pod)
const VALUES = {
  GPU_UTIL: (l, i, t) => (busy(l) ? Math.min(100, wave(i, t, 62, 99)) : 0), MEM_COPY_UTIL: (l, i, t) => (busy(l) ? wave(i, t, 20, 48) : 0),
  FB_USED: (l, i, t) => (busy(l) ? wave(i, t, 52_000, 71_000) * (l.recorded ? 0.5 : 1) : 4), FB_FREE: (l, i, t) => (l.recorded ? 46_068 : 81_559) - VALUES.FB_USED(l, i, t),
  GPU_TEMP: (l, i, t) => (busy(l) ? wave(i, t, 58, 72) + (i === 3 ? 18 : 0) : 31), MEMORY_TEMP: (l, i, t) => (busy(l) ? wave(i, t, 70, 84) : 40),
  POWER_USAGE: (l, i, t) => (busy(l) ? wave(i, t, 410, 690) * (l.recorded ? 0.45 : 1) : 72), SM_CLOCK: (l, i, t) => (busy(l) ? wave(i, t, 1700, 1980) : 345), MEM_CLOCK: () => 2619,
  XID_ERRORS: (_l, i) => (i === 5 ? 63 : 0), ECC_SBE_VOL_TOTAL: (_l, i) => (i === 5 ? 4 : 0), ECC_DBE_VOL_TOTAL: () => 0, PCIE_REPLAY_COUNTER: () => 0,
}
function devices([text, field]) {
  const value = VALUES[field]
  const wanted = DEVICES.filter((one) => (!/UUID="/.test(text) || text.includes(`"${one.UUID}"`)) && (!/Hostname="/.test(text) || text.includes(`"${one.Hostname}"`)))
  return value ? wanted.map((labels) => [labels, (t) => value(labels, DEVICES.indexOf(labels), t)]) : []
}

const PODS = [['digits-7c9f8-x2k4p', 0.3, 0.7], ['digits-7c9f8-m8s1q', 0.3, 0.6], ['digits-forest-7-0', 1.4, 1.98]]
const pods = (value) => PODS.map(([pod, low, high], i) => [{ namespace: P, pod }, (t) => value(i, t, low, high)])
const people = (value) => PEOPLE.map((one, i) => [{ label_dais_io_user: one[0] }, (t) => value(one, i, t)])
const USER_APPS = [['digits', 3.1], ['score-card', 5.2], ['fraud-graph', 2.4]]
const apps = (text, value) => USER_APPS.map(([app, cores], i) => [{ label_dais_io_app: app }, (t) => value(cores, i, t)]).slice(0, text.includes('user-08') ? 1 : 3)

/** [pattern, series of (labels, value at time)]; the first that matches answers. */
export const SERIES = [
  [/node_uname_info/, () => NODES.map(([node]) => [{ instance: `${node}:9100`, nodename: node, release: '6.1.0-28' }, () => 1])],
  [/^sum by \(mode\) .*node_cpu/, (m) => [['user', 0.55, 0.72], ['system', 0.06, 0.1], ['nice', 0, 0.01]].map(([mode, low, high]) => [{ mode }, sum(m.input, low, high)[0][1]])],
  [/^count\(node_cpu/, (m) => [[{}, () => scale(m.input).reduce((all, one) => all + one[1], 0)]]],
  [/^sum\(node_memory_MemTotal.*MemAvailable/, (m) => [[{}, (t) => scale(m.input).reduce((all, one, i) => all + wave(i, t, one[2] * (one[4] - 0.05), one[2] * (one[4] + 0.05)) * GiB, 0)]]],
  [/^sum\(node_memory_MemTotal/, (m) => [[{}, () => scale(m.input).reduce((all, one) => all + one[2] * GiB, 0)]]],
  [/node_memory_Cached/, (m) => sum(m.input, 1.1 * GiB, 1.3 * GiB)],
  [/node_load/, (m) => sum(m.input, 0.5, 0.9)],
  [/node_disk_io_time/, (m) => [[{}, (t) => wave(m.input.length, t, 0.1, 0.55)]]],
  [/node_disk_(read|written)/, (m) => sum(m.input, m[1] === 'read' ? 2e6 : 5e6, m[1] === 'read' ? 8e6 : 11e6)],
  [/node_network_receive_errs/, () => [[{}, () => 0]]],
  [/node_network_(receive|transmit)/, (m) => sum(m.input, m[1] === 'receive' ? 6e6 : 3e6, m[1] === 'receive' ? 9e6 : 5e6)],
  [/deriv\(node_filesystem/, (m) => mounts(m.input, (one) => (one.fills ? -2.6e6 : 12))],
  [/node_filesystem_avail/, (m) => mounts(m.input, (one) => one.size - one.used)],
  [/node_filesystem_size/, (m) => mounts(m.input, (one) => one.size)],
  [/node_boot_time/, () => [[{}, () => Date.now() / 1000 - 86_400 * 41]]],
  [/kube_pod_labels{pod!=""}/, () => DEVICES.filter(busy).map(({ namespace, pod }) => [{ namespace, pod, label_dais_io_app: pod.replace(/-.*/, ''), label_dais_io_user: namespace === P ? 'user-17' : 'user-08' }, () => 1])],
  [/^avg by \(pod\) \(+DCGM/, () => [[{ pod: 'digits-forest-7-0' }, (t) => wave(2, t, 70, 96)]]],
  [/^\(?DCGM_FI_DEV_([A-Z_]+)/, (m) => devices([m.input, m[1]])],
  [/^sum by \((namespace|node)\) \(kube_pod_container_resource_requests{resource="(cpu|memory)"/, (m) => (m[1] === 'node' ? NODES.map((n) => [{ node: n[0] }, () => (m[2] === 'cpu' ? n[1] * 0.7 : n[2] * 0.6 * GiB)]) : [[P, 44, 160], ['ocr-idcard', 12, 60]].map((one) => [{ namespace: one[0] }, () => (m[2] === 'cpu' ? one[1] : one[2] * GiB)]))],
  [/^sum by \(namespace\) \(kube_pod_container_resource_requests/, () => [[{ namespace: P }, () => 6], [{ namespace: 'ocr-idcard' }, () => 4]]],
  [/^sum by \(namespace\) \(rate\(container_cpu/, () => [[{ namespace: P }, (t) => wave(1, t, 26, 31)], [{ namespace: 'ocr-idcard' }, (t) => wave(2, t, 5, 7)]]],
  [/^sum by \(namespace\) \(container_memory/, () => [[{ namespace: P }, (t) => wave(1, t, 90, 110) * GiB], [{ namespace: 'ocr-idcard' }, (t) => wave(2, t, 20, 30) * GiB]]],
  [/^sum by \(namespace, pod\) \(kube_pod_container_resource_requests{resource="cpu"/, () => pods((i) => (i === 2 ? 2 : 1))],
  [/^sum by \(namespace, pod\) \(kube_pod_container_resource_requests{resource="memory"/, () => pods((i) => (i === 2 ? 4 : 0.5) * GiB)],
  [/^sum by \(namespace, pod\) \(kube_pod_container_resource_requests/, () => []],
  [/^sum by \(namespace, pod\) \(rate\(container_cpu/, () => pods((i, t, low, high) => wave(i, t, low, high))],
  [/^sum by \(namespace, pod\) \(container_memory/, () => pods((i, t, low, high) => wave(i, t, low, high) * GiB)],
  [/^sum by \(pod\) \(rate\(container_cpu/, () => pods((i, t, low, high) => wave(i, t, low, high))],
  [/^sum by \(pod\) \(container_memory/, () => pods((i, t, low, high) => wave(i, t, low, high) * GiB)],
  [/^sum by \(pod\) \(kube_pod_container/, (m) => (m.input.includes('"digits"') ? [[{ pod: 'digits-forest-7-0' }, () => 1]] : [])],
  [/^sum by \(phase\)/, () => [[{ phase: 'Running' }, (t) => (Math.sin(t / 900) > -0.8 ? 3 : 2)], [{ phase: 'Pending' }, (t) => (Math.sin(t / 900) > -0.8 ? 0 : 1)]]],
  [/restarts_total/, () => [[{}, (t) => (Math.sin(t / 900) > -0.8 ? 0 : 1)]]],
  [/^sum_over_time\(sum by \(label_dais_io_user\) \(rate/, () => people((one) => one[3])],
  [/^sum_over_time\(sum by \(label_dais_io_user\) \(container_memory/, () => people((one) => one[3] * 2.3 * GiB)],
  [/^sum_over_time\(sum by \(label_dais_io_user\) \(kube_pod_container/, () => people((one) => one[4] * 31.5)],
  [/^sum by \(label_dais_io_user\) \(rate/, () => people((one, i, t) => one[2] * wave(i, t, 0.8, 1.2))],
  [/^sum by \(label_dais_io_user\) \(container_memory/, () => people((one) => one[2] * 2.1 * GiB)],
  [/^sum by \(label_dais_io_user\) \(kube_pod_container/, () => people((one) => one[4])],
  [/^sum by \(label_dais_io_user\) \(\(kube_pod_status/, () => people((one) => one[1]).filter((_one, i) => i < 2)],
  [/^sum by \(label_dais_io_app\) \(rate/, (m) => apps(m.input, (cores, i, t) => wave(i, t, cores * 0.8, cores * 1.2))],
  [/^sum by \(label_dais_io_app\) \(container_memory/, (m) => apps(m.input, (cores, i, t) => wave(i, t, cores, cores * 1.2) * GiB)],
  [/^sum by \(label_dais_io_app\) \(kube_pod_container/, (m) => apps(m.input, (cores) => Math.floor(cores / 2))],
]

const LABELS = { node_cpu_seconds_total: ['cpu', 'instance', 'job', 'mode', 'node'], dais_gateway_requests_total: ['code', 'namespace', 'service'], container_cpu_usage_seconds_total: ['container', 'namespace', 'pod'] }
const NAMES = ['DCGM_FI_DEV_FB_USED', 'DCGM_FI_DEV_GPU_UTIL', 'container_cpu_usage_seconds_total', 'container_memory_working_set_bytes', 'dais_gateway_request_duration_seconds_bucket', 'dais_gateway_requests_total', 'kube_pod_labels', 'kube_pod_status_phase', 'node_cpu_seconds_total', 'node_filesystem_avail_bytes', 'node_load1', 'node_memory_MemAvailable_bytes', 'node_memory_MemTotal_bytes', 'up']
const LABEL_VALUES = { mode: ['idle', 'iowait', 'system', 'user'], node: NODES.map(([node]) => node), namespace: [P, 'ocr-idcard'], service: ['digits', 'fraud-graph'], code: ['200', '400', '503'] }

/** Names and values for completion. */
export function names(path, query) {
  const metric = query.get('match[]')
  if (path.endsWith('/labels')) return ['__name__', ...(LABELS[metric] ?? ['instance', 'job', 'namespace', 'node', 'pod', 'service'])]
  const label = /label\/([^/]+)\/values$/.exec(path)?.[1]
  return label === '__name__' ? NAMES : (LABEL_VALUES[label] ?? [])
}
