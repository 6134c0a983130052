// Traces of requests through the gateway.
const trace = (number) => {
  const id = number.toString(16).padStart(32, 'a1b2c3d4')
  const start = (Date.now() - number * 4000) * 1000
  const slow = number % 7 === 3 ? 80 : 1
  const bad = number % 11 === 5
  const span = (spanID, parent, operationName, offset, duration, processID, tags = []) => ({ traceID: id, spanID, operationName, startTime: start + offset, duration: duration * slow, processID, references: parent ? [{ refType: 'CHILD_OF', traceID: id, spanID: parent }] : [], tags })
  return {
    traceID: id,
    processes: { p1: { serviceName: 'dais-gateway' }, p2: { serviceName: 'digits' } },
    spans: [
      span('s1', '', 'POST /serve/credit-score/digits', 0, 2400, 'p1', [{ key: 'http.request.method', value: 'POST' }, { key: 'http.response.status_code', value: bad ? 503 : 200 }, { key: 'k8s.namespace.name', value: 'credit-score' }, ...(bad ? [{ key: 'error', value: true }] : [])]),
      span('s2', 's1', 'choose endpoint', 40, 30, 'p1'),
      span('s3', 's1', 'infer', 110 * slow, 2100, 'p2', [{ key: 'model', value: 'digits/7' }]),
      span('s4', 's3', 'decode', 150 * slow, 180, 'p2'),
      span('s5', 's3', 'onnx run', 360 * slow, 1500, 'p2'),
      span('s6', 's3', 'encode', 1900 * slow, 220, 'p2'),
    ],
  }
}
const traces = Array.from({ length: 40 }, (_, number) => trace(number + 1))

export function jaeger(path, query) {
  if (path === 'services') return { code: 200, body: { data: ['dais-gateway', 'digits'] } }
  const id = /^traces\/(.+)$/.exec(path)?.[1]
  if (id) return { code: 200, body: { data: traces.filter((one) => one.traceID === id) } }
  const wanted = query.get('tags') ? traces.filter((one) => one.spans.some((span) => span.tags.some((tag) => tag.key === 'error'))) : traces
  return { code: 200, body: { data: wanted.filter((one) => Object.values(one.processes).some((process) => process.serviceName === query.get('service'))) } }
}
