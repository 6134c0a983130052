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
]
const WEIGHTS = [0, 1, 1, 1, 0, 3, 1, 2, 0, 1, 4, 1, 0, 6, 1, 5, 0, 7]
const EVERY_MS = 900

function line(number) {
  const [app, pod, severity, text] = TEMPLATES[WEIGHTS[number % WEIGHTS.length]]
  return { _id: String(number), _source: { '@timestamp': new Date(number * EVERY_MS).toISOString(), message: text(number), ...(severity && { severity }), stream: 'stdout', namespace: P, pod, container: 'main', node: 'train-01', app, user: 'user-17' } }
}

function matches({ _source: one }, filters) {
  return filters.every((filter) => {
    const [[kind, condition]] = Object.entries(filter)
    if (kind === 'range') { const { gte, lte } = condition['@timestamp']; return one['@timestamp'] >= gte && (!lte || one['@timestamp'] <= lte) }
    if (kind === 'term' || kind === 'terms') { const [[field, wanted]] = Object.entries(condition); return [wanted].flat().includes(one[field]) }
    if (kind === 'query_string') return condition.query.toLowerCase().split(/\s+/).every((word) => one.message.toLowerCase().includes(word.replaceAll('"', '')))
    return true
  })
}

export function search(body) {
  const filters = body.query.bool.filter
  if (filters.some((one) => one.term?.namespace === 'forbidden')) return { code: 403, body: { error: { type: 'security_exception', reason: 'logs of namespace forbidden are not yours' }, status: 403 } }
  if (filters.some((one) => one.query_string?.query.includes('(('))) return { code: 400, body: { error: { type: 'parsing_exception', reason: 'the query has an unmatched (', hint: 'Quote it: "((".' }, status: 400 } }
  const range = filters.find((one) => one.range)?.range['@timestamp']
  const last = Math.floor(Math.min(Date.now(), range?.lte ? Date.parse(range.lte) : Date.now()) / EVERY_MS)
  const first = Math.max(last - 20_000, Math.ceil(Date.parse(range?.gte ?? 0) / EVERY_MS))
  const found = []
  for (let number = last; number >= first; number -= 1) { const one = line(number); if (matches(one, filters)) found.push(one) }
  found.unshift(...printed.filter((one) => matches(one, filters)).toReversed())
  const aggregations = {}
  if (body.aggs?.time) {
    const width = Number.parseInt(body.aggs.time.date_histogram.fixed_interval) * 1000
    const buckets = new Map()
    for (const { _source: one } of found) {
      const key = Math.floor(Date.parse(one['@timestamp']) / width) * width
      const bucket = buckets.get(key) ?? { key, doc_count: 0, levels: new Map() }
      bucket.doc_count += 1
      if (one.severity) bucket.levels.set(one.severity, (bucket.levels.get(one.severity) ?? 0) + 1)
      buckets.set(key, bucket)
    }
    aggregations.time = { buckets: [...buckets.values()].map(({ key, doc_count, levels }) => ({ key, doc_count, severity: { buckets: [...levels].map(([level, count]) => ({ key: level, doc_count: count })) } })) }
  }
  if (body.aggs?.values) aggregations.values = { buckets: [...new Set(found.map((one) => one._source[body.aggs.values.terms.field]))].map((key) => ({ key, doc_count: 1 })) }
  return { code: 200, body: { hits: { total: { value: found.length, relation: 'eq' }, hits: found.slice(0, body.size) }, ...(body.aggs && { aggregations }) } }
}

export function tail(request, response, query) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  const filters = ['namespace', 'app', 'pod', 'severity'].filter((name) => query.get(name)).map((name) => ({ terms: { [name]: query.get(name).split(',') } }))
  if (query.get('q')) filters.push({ query_string: { query: query.get('q') } })
  const put = (one) => response.write(`id: ${one._id}\ndata: ${JSON.stringify(one)}\n\n`)
  const history = search({ size: Number(query.get('lines') ?? 100), query: { bool: { filter: [...filters, { range: { '@timestamp': { gte: query.get('since') ?? '0' } } }] } } })
  for (const one of history.body.hits?.hits.toReversed() ?? []) put(one)
  let told = printed.length
  let next = Math.floor(Date.now() / EVERY_MS) + 1
  const timer = setInterval(() => {
    for (; next * EVERY_MS <= Date.now(); next += 1) { const one = line(next); if (matches(one, filters)) put(one) }
    for (; told < printed.length; told += 1) if (matches(printed[told], filters)) put(printed[told])
  }, 300)
  request.on('close', () => clearInterval(timer))
  return null
}
