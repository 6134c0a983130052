// Traces of requests through the gateway, and the map of the services that they went through.
const P = 'credit-score'
const tag = (key, value) => ({ key, type: typeof value === 'number' ? 'int64' : typeof value === 'boolean' ? 'bool' : 'string', value })
const resource = (app, user, pod) => [tag('k8s.namespace.name', P), tag('dais.app', app), tag('dais.user', user), ...(pod ? [tag('k8s.pod.name', pod)] : []), tag('telemetry.sdk.language', 'rust')]
const PROCESSES = {
  p1: { serviceName: 'dais-gateway', tags: resource('digits', 'user-17') },
  p2: { serviceName: 'digits', tags: resource('digits', 'user-17', 'digits-7c9f8-x2k4p') },
  p3: { serviceName: 'score-card', tags: resource('score-card', 'user-08', 'score-card-0') },
  p4: { serviceName: 'feature-store', tags: resource('score-card', 'user-08', 'feature-store-0') },
  p5: { serviceName: 'postgres', tags: resource('score-card', 'user-08') },
}
const FAILED = [tag('error', true), tag('otel.status_code', 'ERROR'), tag('otel.status_description', 'no replica answered within 2 s')]

function trace(number) {
  const id = number.toString(16).padStart(32, 'a1b2c3d4')
  const start = (Date.now() - number * 41_000) * 1000
  const bad = number % 11 === 5
  const pace = (0.7 + ((number * 37) % 60) / 100) * (number % 7 === 3 ? 80 : 1)
  const span = (spanID, parent, operationName, offset, duration, processID, tags = [], logs = []) => ({
    traceID: id, spanID, operationName, startTime: start + Math.round(offset * pace), duration: Math.round(duration * pace), processID, tags, logs,
    references: parent ? [{ refType: 'CHILD_OF', traceID: id, spanID: parent }] : number % 9 === 1 && spanID === 's1' ? [{ refType: 'FOLLOWS_FROM', traceID: (number + 1).toString(16).padStart(32, 'a1b2c3d4'), spanID: 's1' }] : [],
  })
  const root = (path) => span('s1', '', `POST ${path}`, 0, 2400, 'p1', [tag('http.request.method', 'POST'), tag('http.response.status_code', bad ? 503 : 200), tag('span.kind', 'server'), ...(bad ? FAILED : [])])
  const infer = (parent, at) => [
    span(`${parent}i`, parent, 'infer', at, 2000, 'p2', [tag('model', 'digits/7'), tag('span.kind', 'server')], [{ timestamp: start + Math.round((at + 60) * pace), fields: [tag('event', 'batch formed'), tag('rows', 1 + (number % 16))] }]),
    span(`${parent}d`, `${parent}i`, 'decode', at + 40, 180, 'p2'), span(`${parent}o`, `${parent}i`, 'onnx run', at + 250, 1500, 'p2', bad ? FAILED : []), span(`${parent}e`, `${parent}i`, 'encode', at + 1780, 180, 'p2'),
  ]
  const plain = [root(`/serve/${P}/digits`), span('s2', 's1', 'choose endpoint', 40, 30, 'p1'), ...infer('s1', 110)]
  const scored = [
    root(`/serve/${P}/score-card`), span('c1', 's1', 'score', 90, 2200, 'p3', [tag('span.kind', 'server')]), span('f1', 'c1', 'features', 140, 620, 'p4', [tag('span.kind', 'server')]),
    span('q1', 'f1', 'SELECT features', 170, 240, 'p5', [tag('db.system', 'postgresql')]), span('q2', 'f1', 'SELECT limits', 430, 210, 'p5', [tag('db.system', 'postgresql')]),
    span('m1', 'c1', 'POST digits', 780, 1380, 'p3', [tag('span.kind', 'client')]), ...infer('m1', 800).map((one) => ({ ...one, duration: Math.round(one.duration * 0.6) })),
  ]
  return { traceID: id, processes: PROCESSES, spans: number % 3 === 0 ? scored : plain, warnings: null }
}
const traces = Array.from({ length: 80 }, (_, number) => trace(number + 1))

const UNITS = { us: 1, µs: 1, ms: 1e3, s: 1e6, m: 6e7 }
const micros = (text) => { const [, n, unit] = /^([\d.]+)(us|µs|ms|s|m)$/.exec(text ?? '') ?? []; return n ? Number(n) * UNITS[unit] : undefined }

function found(query) {
  const wanted = Object.entries(JSON.parse(query.get('tags') || '{}'))
  const [shortest, longest] = [micros(query.get('minDuration')) ?? 0, micros(query.get('maxDuration')) ?? Infinity]
  const fits = (span) => {
    const { serviceName, tags } = PROCESSES[span.processID]
    return (!query.get('service') || serviceName === query.get('service')) && (!query.get('operation') || span.operationName === query.get('operation'))
      && span.duration >= shortest && span.duration <= longest && span.startTime >= Number(query.get('start') ?? 0)
      && wanted.every(([key, value]) => [...span.tags, ...tags].some((one) => one.key === key && String(one.value) === value))
  }
  return traces.filter((one) => one.spans.some(fits)).slice(0, Number(query.get('limit') ?? 20))
}

const TRAFFIC = [['dais-gateway', 128, 0.009, 2.9], ['digits', 121, 0.004, 2.4], ['score-card', 42, 0.002, 3.1], ['feature-store', 42, 0, 0.8], ['postgres', 84, 0, 0.3], ['fraud-graph', 6.2, 0.081, 210], ['ocr-idcard', 18, 0, 38]]
const CALLS = [['dais-gateway', 'digits', 79], ['dais-gateway', 'score-card', 42], ['score-card', 'feature-store', 42], ['feature-store', 'postgres', 84], ['score-card', 'digits', 42], ['dais-gateway', 'fraud-graph', 6.2], ['fraud-graph', 'feature-store', 6.2], ['dais-gateway', 'ocr-idcard', 18], ['fraud-graph', 'postgres', 3]]

function map(seconds) {
  const traffic = (rate, errorShare, p50) => ({ requests: Math.round(rate * seconds), rate, errors: Math.round(rate * seconds * errorShare), errorShare, p50: Math.round(p50 * 1000), p95: Math.round(p50 * 3400), p99: Math.round(p50 * 6000) })
  const of = (service) => TRAFFIC.find(([name]) => name === service)
  return {
    start: (Date.now() - seconds * 1000) * 1000, end: Date.now() * 1000, limited: false,
    services: TRAFFIC.map(([service, rate, errors, p50]) => ({ service, ...traffic(rate, errors, p50) })),
    calls: CALLS.map(([parent, child, rate]) => ({ parent, child, ...traffic(rate, of(child)[2], of(child)[3]) })),
  }
}

const answer = (data) => ({ code: 200, body: { data, total: data.length, limit: 0, offset: 0, errors: null } })

export function jaeger(path, query) {
  if ((query.get('tags') ?? '').includes('"empty"')) return answer([])
  const seconds = (Number(query.get('end')) - Number(query.get('start'))) / 1e6
  if (path === 'map') return process.env.PLAIN_JAEGER ? { code: 404, body: 'no such route' } : { code: 200, body: { data: map(seconds), errors: null } }
  if (path === 'dependencies') return answer(CALLS.map(([parent, child, rate]) => ({ parent, child, callCount: Math.round(rate * 3600) })))
  if (path === 'services') return answer([...new Set(Object.values(PROCESSES).map((one) => one.serviceName))])
  const service = /^services\/(.+)\/operations$/.exec(path)?.[1]
  if (service) return answer([...new Set(traces.flatMap((one) => one.spans).filter((span) => PROCESSES[span.processID].serviceName === decodeURIComponent(service)).map((span) => span.operationName))])
  const id = /^traces\/(.+)$/.exec(path)?.[1]
  if (id) { const one = traces.filter(({ traceID }) => traceID === id); return one.length ? answer(one) : { code: 404, body: { data: null, errors: [{ code: 404, msg: 'trace not found' }] } } }
  return process.env.PLAIN_JAEGER && !query.get('service') ? { code: 400, body: { data: null, errors: [{ code: 400, msg: "parameter 'service' is required" }] } } : answer(found(query))
}
