// A log that goes on: search and tail over made-up lines.
import { printed } from './simulate.mjs'

const P = 'credit-score'
const TEMPLATES = [
  ['digits', 'digits-forest-7-0', 'info', (n) => `epoch ${n % 20}/20 loss ${(0.6 * 0.97 ** (n % 90)).toFixed(4)} val_loss ${(0.62 * 0.972 ** (n % 90)).toFixed(4)} acc 0.9${60 + (n % 30)}`],
  ['digits', 'digits-7c9f8-x2k4p', 'info', (n) => `POST /v2/models/digits/infer 200 ${(1 + (n % 7) / 10).toFixed(1)} ms rows=${1 + (n % 16)}`],
  ['digits', 'digits-forest-7-0', 'info', (n) => `checkpoint saved: step ${n * 10} (2.1 MiB)`],
  ['score-card', 'score-card-0', 'debug', (n) => `feature cache hit ratio 0.9${n % 10}, 18,204 entries`],
  ['digits', 'digits-forest-7-0', 'warn', (n) => `data loader waited ${200 + (n % 300)} ms for batch ${n}`],
  ['fraud-graph', 'fraud-graph-5d4b-aa11', 'error', () => 'model.onnx is not an ONNX model: bad magic at byte 0\n  hint: export it with skl2onnx or torch.onnx'],
  ['digits', 'digits-forest-6-0', 'info', (n) => `tree ${n % 300} of 300 grown`],
  ['score-card', 'score-card-0', undefined, (n) => `plain line ${n} without a level`],
  ['digits-canary', '', 'info', (n) => `POST /v2/models/digits/infer 200 ${1 + (n % 7)} ms`],
]
const WEIGHTS = [0, 1, 1, 1, 0, 3, 1, 2, 0, 1, 4, 1, 0, 6, 1, 5, 0, 7, 8]
const EVERY_MS = 900

const TRACED = new Set([1, 4])

function line(number) {
  const kind = WEIGHTS[number % WEIGHTS.length]
  const [app, pod, severity, text] = TEMPLATES[kind]
  const trace = TRACED.has(kind) && { trace_id: ((number % 40) + 1).toString(16).padStart(32, 'a1b2c3d4'), span_id: 's1' }
  const fields = kind === 1 ? { fields: { http: { method: 'POST', status: 200 }, rows: 1 + (number % 16) } } : kind === 8 ? { fields: { backend: number % 4 ? 'digits-canary' : 'digits-canary-next-00000023', request: { id: `r${number}`, method: 'POST', path: '/v2/models/digits/infer', bytes: 214, body: '{"inputs": […]}' }, response: { status: 200, seconds: (1 + (number % 7)) / 1000, bytes: 96, whole: true } } } : kind === 0 ? { fields: { epoch: number % 20 } } : {}
  return { _id: String(number), sort: [new Date(number * EVERY_MS).toISOString(), number], _source: { '@timestamp': new Date(number * EVERY_MS).toISOString(), message: text(number), ...(severity && { severity }), stream: severity === 'error' ? 'stderr' : 'stdout', namespace: P, pod, container: 'main', node: pod.startsWith('digits') ? 'train-01' : 'train-02', app, user: app === 'score-card' ? 'user-08' : 'user-17', workspace: 'risk-models', ...trace, ...fields } }
}

const HAPPENED = [
  ['info', 'Scheduled', 'Pod', 'digits-forest-7-0', 'digits', 'scheduler', 'assigned to train-01'],
  ['info', 'Started', 'Pod', 'digits-forest-7-0', 'digits', 'kubelet', 'container main started'],
  ['warn', 'BackOff', 'Pod', 'fraud-graph-5d4b-aa11', 'fraud-graph', 'kubelet', 'back-off restarting failed container main'],
  ['info', 'Running', 'TrainingJob', 'digits-forest-7', 'digits', 'trainingjob-controller', 'the pod of attempt 1 runs'],
  ['warn', 'Unschedulable', 'TrainingJob', 'card-embeddings', 'card-embeddings', 'scheduler', '0 of 3 machines have 8 free accelerators'],
  ['info', 'Available', 'InferenceService', 'digits', 'digits', 'inferenceservice-controller', '2 of 2 replicas answer'],
  ['warn', 'DiskPressure', 'Node', 'edge-01', '', 'kubelet', '92 % of /var is in use'],
]
const EVENT_MS = 47_000

function happening(number) {
  const [severity, reason, kind, name, app, component, message] = HAPPENED[(number * 5) % HAPPENED.length]
  const time = new Date(number * EVENT_MS).toISOString()
  return { _id: `e${number}`, sort: [time, number], _source: { '@timestamp': time, message, severity, namespace: kind === 'Node' ? 'default' : P, node: kind === 'Node' ? name : 'train-01', ...(kind === 'Pod' && { pod: name }), ...(app && { app }), user: 'user-17', fields: { event: { reason, type: severity === 'warn' ? 'Warning' : 'Normal', kind, name, uid: `u-${name}`, count: 1 + (number % 9), component } } } }
}

const valueOf = (source, field) => field.split('.').reduce((at, part) => at?.[part], source)
const isOne = (value, wanted) => [wanted].flat().some((one) => String(value) === String(one))

function matches({ _source: one }, { filter = [], must_not: not = [] }) {
  return filter.every((clause) => holds(one, clause)) && !not.some((clause) => holds(one, clause))
}

function holds(one, clause) {
  const [[kind, condition]] = Object.entries(clause)
  if (kind === 'range') { const { gte, lte } = condition['@timestamp']; return one['@timestamp'] >= gte && (!lte || one['@timestamp'] <= lte) }
  if (kind === 'term' || kind === 'terms') { const [[field, wanted]] = Object.entries(condition); return isOne(valueOf(one, field), wanted) }
  if (kind === 'query_string' && condition.query.startsWith('_exists_:')) return valueOf(one, condition.query.slice(9)) !== undefined
  if (kind === 'query_string') return condition.query.toLowerCase().split(/\s+/).every((word) => /^\w+:/.test(word) ? isOne(valueOf(one, word.split(':')[0]), word.split(':')[1]) : one.message.toLowerCase().includes(word.replaceAll('"', '')))
  return true
}

function refused(filters) {
  if (filters.some((one) => one.term?.namespace === 'forbidden')) return { code: 403, body: { error: { type: 'security_exception', reason: 'logs of namespace forbidden are not yours' }, status: 403 } }
  if (filters.some((one) => one.query_string?.query.includes('(('))) return { code: 400, body: { error: { type: 'parsing_exception', reason: 'the query has an unmatched (', hint: 'Quote it: "((".' }, status: 400 } }
  return null
}

export function search(body, index = 'logs') {
  const { bool } = body.query
  const bad = refused(bool.filter ?? [])
  if (bad) return bad
  if (bool.filter.some((one) => one.term?.namespace === 'empty')) return found([], body)
  const range = bool.filter.find((one) => one.range)?.range['@timestamp']
  const events = index.startsWith('events')
  const [make, every, most] = events ? [happening, EVENT_MS, 5000] : [line, EVERY_MS, 20_000]
  const last = Math.floor(Math.min(Date.now(), range?.lte ? Date.parse(range.lte) : Date.now()) / every)
  const first = Math.max(last - most, Math.ceil(Date.parse(range?.gte ?? 0) / every))
  const all = []
  for (let number = last; number >= first; number -= 1) { const one = make(number); if (matches(one, bool)) all.push(one) }
  if (!events) all.unshift(...printed.filter((one) => matches(one, bool)).toReversed())
  return found(all, body)
}

function found(all, body) {
  const up = body.sort?.[0]?.['@timestamp']?.order === 'asc'
  const ordered = up ? all.toReversed() : all
  const [time] = body.search_after ?? []
  const page = time === undefined ? ordered : ordered.filter((one) => (up ? one._source['@timestamp'] > time : one._source['@timestamp'] < time))
  const aggregations = {}
  for (const [name, { date_histogram: dates, terms }] of Object.entries(body.aggs ?? {})) {
    aggregations[name] = dates ? histogram(all, Number.parseInt(dates.fixed_interval) * 1000) : counted(all, terms)
  }
  return { code: 200, body: { hits: { total: { value: all.length, relation: 'eq' }, hits: page.slice(0, body.size) }, ...(body.aggs && { aggregations }) } }
}

function counted(all, { field, size = 10 }) {
  const counts = new Map()
  for (const { _source: one } of all) { const value = valueOf(one, field); if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + 1) }
  const buckets = [...counts].map(([key, count]) => ({ key, doc_count: count })).toSorted((a, b) => b.doc_count - a.doc_count)
  return { buckets: buckets.slice(0, size), sum_other_doc_count: buckets.slice(size).reduce((sum, one) => sum + one.doc_count, 0) }
}

function histogram(all, width) {
  const buckets = new Map()
  for (const one of all) {
    const key = Math.floor(Date.parse(one._source['@timestamp']) / width) * width
    if (!buckets.has(key)) buckets.set(key, [])
    buckets.get(key).push(one)
  }
  return { buckets: [...buckets].toReversed().map(([key, some]) => ({ key, doc_count: some.length, severity: counted(some, { field: 'severity' }) })) }
}

export function tail(request, response, query) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  const filters = ['namespace', 'app', 'pod', 'severity', 'trace_id'].filter((name) => query.get(name)).map((name) => ({ terms: { [name]: query.get(name).split(',') } }))
  if (query.get('q')) filters.push({ query_string: { query: query.get('q') } })
  const further = query.get('query') ? JSON.parse(query.get('query')).bool : {}
  const bool = { filter: [...filters, ...(further.filter ?? [])], must_not: further.must_not }
  const put = (one) => response.write(`id: ${one.sort?.[1] ?? 0}\ndata: ${JSON.stringify(one)}\n\n`)
  const history = search({ size: Number(query.get('lines') ?? 100), query: { bool: { ...bool, filter: [...bool.filter, { range: { '@timestamp': { gte: query.get('since') ?? '0' } } }] } } })
  for (const one of history.body.hits?.hits.toReversed() ?? []) put(one)
  let told = printed.length
  let next = Math.floor(Date.now() / EVERY_MS) + 1
  const timer = setInterval(() => {
    for (; next * EVERY_MS <= Date.now(); next += 1) { const one = line(next); if (matches(one, bool)) put(one) }
    for (; told < printed.length; told += 1) if (matches(printed[told], bool)) put(printed[told])
  }, 300)
  request.on('close', () => clearInterval(timer))
  return null
}
