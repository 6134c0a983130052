// Plausible series for the queries that the pages ask; no PromQL is evaluated.
import { world } from './world.mjs'
import { GiB, names, NODES, P, SERIES, wave } from './series.mjs'

const APPS = [['digits', 3.1, 2.4], ['score-card', 11.2, 18], ['ocr-idcard', 6, 9], ['fraud-graph', 9.7, 22]]

const next = (name) => `${name}-next-${world.inferenceservices.find((one) => one.metadata.name === name)?.metadata.uid.slice(0, 8)}`

/** [pattern, series of (labels, value at time)]; the first that matches answers. */
const RULES = [
  ...SERIES,
  [/^sum\(rate\(node_cpu/, () => [[{}, (t) => NODES.reduce((sum, n, i) => sum + wave(i, t, n[1] * n[3] * 0.85, n[1] * n[3] * 1.15), 0)]]],
  [/rate\(node_cpu/, () => NODES.map((n, i) => [{ node: n[0], instance: `${n[0]}:9100` }, (t) => wave(i, t, n[1] * n[3] * 0.85, n[1] * n[3] * 1.15)])],
  [/count .*node_cpu/, () => NODES.map((n) => [{ node: n[0] }, () => n[1]])],
  [/MemTotal/, () => NODES.map((n) => [{ node: n[0] }, () => n[2] * GiB])],
  [/MemAvailable/, () => NODES.map((n) => [{ node: n[0] }, () => n[2] * GiB * (1 - n[4])])],
  [/DCGM/, () => [[{ Hostname: 'train-01' }, () => 72], [{ Hostname: 'train-02' }, () => 56]]],
  [/^sum by \(node\) \(kube_pod_container/, () => [[{ node: 'train-01' }, () => 7], [{ node: 'train-02' }, () => 6]]],
  [/label_dais_io_app\) \(rate\(container_cpu/, () => APPS.map((a, i) => [{ namespace: P, label_dais_io_app: a[0] }, (t) => wave(i, t, a[1] * 0.7, a[1] * 1.2)])],
  [/label_dais_io_app\) \(container_memory/, () => APPS.map((a) => [{ namespace: P, label_dais_io_app: a[0] }, () => a[2] * GiB])],
  [/label_dais_io_app\) \(kube_pod_container/, () => [[{ namespace: P, label_dais_io_app: 'score-card' }, () => 4]]],
  [/histogram_quantile\((0\.\d+).*duration/, (m) => [[{ namespace: P, service: 'digits' }, (t) => wave(2, t, m[1] === '0.5' ? 0.0011 : 0.0042, m[1] === '0.5' ? 0.0018 : 0.0091)]]],
  [/backend_failures_total.*service="([\w-]+)"/, (m) => [[{ backend: m[1] }, () => 0.01], [{ backend: next(m[1]) }, (t) => Math.max(0, wave(5, t, -0.3, 0.4))]]],
  [/backend_requests_total.*service="([\w-]+)"/, (m) => [[{ backend: m[1] }, (t) => wave(3, t, 42, 51)], [{ backend: next(m[1]) }, (t) => wave(4, t, 4, 6)]]],
  [/5\.\./, () => [[{ namespace: P, service: 'digits' }, (t) => Math.max(0, wave(5, t, -0.4, 0.5))]]],
  [/dais_gateway_requests_total/, () => [[{ namespace: P, service: 'digits' }, (t) => wave(3, t, 940, 1480)]]],
  [/rate\(container_cpu.*digits-7c9f8/, () => ['x2k4p', 'm8s1q'].map((id, i) => [{ pod: `digits-7c9f8-${id}` }, (t) => wave(i, t, 0.3, 0.7)])],
  [/container_memory.*digits-7c9f8/, () => ['x2k4p', 'm8s1q'].map((id, i) => [{ pod: `digits-7c9f8-${id}` }, (t) => wave(i, t, 120e6, 150e6)])],
  [/rate\(container_cpu/, () => [[{}, (t) => wave(1, t, 1.5, 1.98)]]],
  [/container_memory/, () => [[{}, (t) => wave(4, t, 1.1 * GiB, 2.2 * GiB)]]],
]

export function prometheus(path, query, empty) {
  if (/\/(labels|values)$/.test(path)) return { code: 200, body: { status: 'success', data: names(path, query) } }
  const expression = query.get('query') ?? ''
  if (expression.includes('forbidden')) return { code: 403, body: { status: 'error', errorType: 'forbidden', error: 'metrics of namespace forbidden are not yours' } }
  const rule = RULES.find(([pattern]) => pattern.test(expression))
  const series = !rule || empty || expression.includes('"empty"') ? [] : rule[1](rule[0].exec(expression))
  if (path.endsWith('/query')) {
    const time = Date.now() / 1000
    return answer('vector', series.map(([metric, at]) => ({ metric, value: [time, String(at(time))] })))
  }
  const [start, end, step] = ['start', 'end', 'step'].map((name) => Number(query.get(name)))
  const warnings = expression.includes('rate(') && !expression.includes('_total') && !expression.includes('_bucket') ? ['PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket'] : []
  return answer('matrix', series.map(([metric, at]) => {
    const values = []
    for (let time = start; time <= end; time += step) values.push([time, String(at(time))])
    return { metric, values }
  }), warnings)
}

const answer = (resultType, result, warnings = []) => ({ code: 200, body: { status: 'success', data: { resultType, result }, ...(warnings.length && { warnings }) } })
