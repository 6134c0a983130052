// Sessions, accounts, tokens, audit, predictions.
import { queues } from './queues.mjs'
import { ago } from './world.mjs'

const users = [{ name: 'admin', groups: ['dais:admins'], createdAt: ago(86400 * 40) }, { name: 'user-17', groups: ['risk-models'], createdAt: ago(86400 * 30) }, { name: 'user-08', groups: ['risk-models'], createdAt: ago(86400 * 20) }]
const tokens = [{ id: 't1', name: 'laptop', createdAt: ago(86400 * 3), expiresAt: ago(-86400 * 27), lastUsedAt: ago(300) }]
const audit = Array.from({ length: 60 }, (_, n) => ({ id: String(n), time: ago(n * 311), user: ['user-17', 'user-08', 'system:dais'][n % 3], verb: ['create', 'patch', 'delete'][n % 3], resource: ['trainingjobs', 'datasets', 'inferenceservices'][n % 3], namespace: 'credit-score', name: `object-${n}`, code: n % 9 === 4 ? 403 : 200, via: n % 2 ? 'session' : 'token', changes: [], truncated: false }))

const session = (user) => ({ user, groups: ['risk-models'], admin: user !== 'guest', csrf: 'dev', projects: [] })
const cookie = (user) => ({ 'set-cookie': `dais-dev=${user}; Path=/; HttpOnly; SameSite=Lax` })

export function portal(request, path, body) {
  const { method, user } = request
  if (path === 'session' && method === 'POST') {
    if (body.password === 'wrong') return { code: 401, body: { error: { reason: 'user or password is wrong', hint: 'Capital letters count. An administrator can set a new password.' } } }
    return { code: 200, headers: cookie(body.user), body: session(body.user) }
  }
  if (path === 'session' && method === 'DELETE') return { code: 204, headers: cookie('; Max-Age=0') }
  if (path === 'login') return { code: 303, headers: { ...cookie('user-17'), location: '/' } }
  if (!user) return { code: 401, body: { error: { reason: 'not signed in' } } }
  if (method !== 'GET' && request.headers['x-dais-csrf'] !== 'dev') return { code: 403, body: { error: { reason: 'the X-Dais-Csrf header is missing' } } }
  if (path === 'session') return { code: 200, body: session(user) }
  if (path === 'queues') return queues(user)
  if (path === 'info') return { code: 200, body: { version: '0.1.0', gateway: 'http://127.0.0.1:8081' } }
  if (path === 'users' && method === 'GET') return { code: 200, body: { users } }
  if (path === 'users') { users.push({ ...body, password: undefined, createdAt: ago(0) }); return { code: 201, body: {} } }
  if (path.endsWith('/link')) return { code: 201, body: { path: '/api/login?token=x' } }
  if (path === 'account/language') return { code: 204 }
  if (path === 'audit') return { code: 200, body: { items: audit } }
  if (path === 'tokens' && method === 'GET') return { code: 200, body: { tokens } }
  if (path === 'tokens') { tokens.push({ id: `t${tokens.length + 1}`, name: body.name, createdAt: ago(0), expiresAt: ago(-86400 * body.days) }); return { code: 201, body: { token: `dais_${'x'.repeat(40)}` } } }
  if (path.startsWith('tokens/')) { tokens.splice(tokens.findIndex((one) => one.id === path.slice(7)), 1); return { code: 204 } }
  if (path.startsWith('predict/')) return predict(method, body)
  return { code: 404, body: { error: { reason: `no such address: /api/${path}` } } }
}

function predict(method, body) {
  if (method === 'GET') return { code: 200, body: { name: 'digits', versions: ['7'], platform: 'onnx', inputs: [{ name: 'X', datatype: 'FP32', shape: [-1, 64] }], outputs: [{ name: 'label', datatype: 'INT64', shape: [-1] }] } }
  const input = body.inputs?.[0]
  if (input?.data?.length !== 64) return { code: 400, body: { error: { field: 'inputs[0].data', reason: `expected 64 numbers for shape [1, 64], found ${input?.data?.length ?? 0}`, hint: 'A digit is 8 × 8 pixels, row by row, 0 to 16.' } } }
  const raw = Array.from({ length: 10 }, (_, n) => 1 + ((input.data.reduce((a, b) => a + b, 0) * (n + 3)) % 17))
  const sum = raw.reduce((a, b) => a + b, 0)
  const shares = raw.map((one) => one / sum)
  return { code: 200, body: { model_name: 'digits', model_version: '7', outputs: [{ name: 'label', datatype: 'INT64', shape: [1], data: [shares.indexOf(Math.max(...shares))] }, { name: 'probabilities', datatype: 'FP32', shape: [1, 10], data: shares }] } }
}
