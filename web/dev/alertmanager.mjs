// Alertmanager's API v2 with dais's additions under /dais; user "plain" has none of those, user "bare" no Alertmanager.
import { firing } from './rules.mjs'
import { ago } from './world.mjs'

const silences = [
  { id: '5b2f0d0a-0001-4000-8000-000000000001', matchers: [{ name: 'alertname', value: 'FilesystemFillingUp', isRegex: false, isEqual: true }, { name: 'node', value: 'edge-.*', isRegex: true, isEqual: true }], startsAt: ago(80_000), endsAt: ago(-90_000), updatedAt: ago(80_000), createdBy: 'user-08', comment: 'the disk is on its way' },
  { id: '5b2f0d0a-0002-4000-8000-000000000002', matchers: [{ name: 'namespace', value: 'credit-score', isRegex: false, isEqual: true }, { name: 'severity', value: 'critical', isRegex: false, isEqual: false }], startsAt: ago(200_000), endsAt: ago(190_000), updatedAt: ago(190_000), createdBy: 'user-17', comment: '' },
]
const acknowledged = new Map()

const state = (silence) => (Date.parse(silence.endsAt) <= Date.now() ? 'expired' : Date.parse(silence.startsAt) > Date.now() ? 'pending' : 'active')
const fits = ({ name, value, isRegex, isEqual = true }, labels) => ((isRegex ? new RegExp(`^(?:${value})$`).test(labels[name] ?? '') : (labels[name] ?? '') === value) === isEqual)
const hash = (labels) => { let sum = 7; for (const one of JSON.stringify(labels)) sum = (sum * 31 + one.charCodeAt(0)) >>> 0; return sum.toString(16).padStart(16, 'a') }

function notified(user) {
  return firing(user).map(({ labels, annotations, activeAt }) => {
    const told = { ...labels, cluster: 'here' }
    const fingerprint = hash(told)
    const silencedBy = silences.filter((one) => state(one) === 'active' && one.matchers.every((matcher) => fits(matcher, told))).map((one) => one.id)
    return {
      labels: told, annotations, fingerprint, startsAt: activeAt, endsAt: ago(-240), updatedAt: ago(5), generatorURL: '',
      receivers: [{ name: labels.severity === 'critical' ? 'on-call' : 'platform-team' }],
      status: { state: silencedBy.length ? 'suppressed' : 'active', silencedBy, inhibitedBy: [], mutedBy: [], ...(user !== 'plain' && { acknowledgedBy: acknowledged.get(fingerprint) ?? null }) },
    }
  })
}

const ok = (body) => ({ code: 200, body })
const RECEIVERS = [
  { name: 'on-call', language: 'en', integrations: [
    { integration: 'on-call/webhook[0]', kind: 'webhook', sendResolved: true, queued: 0, health: { lastAttempt: ago(60), lastDelivered: ago(60), failingSince: null, lastError: null } },
    { integration: 'on-call/email[0]', kind: 'email', sendResolved: true, queued: 2, health: { lastAttempt: ago(30), lastDelivered: ago(9000), failingSince: ago(400), lastError: { integration: 'on-call/email[0]', verdict: 'retry', status: 451, code: null, answer: '4.3.0 Temporary system problem. Try again later.', seconds: 1.2 } } },
  ] },
  { name: 'platform-team', language: 'zh-CN', integrations: [{ integration: 'platform-team/dingtalk[0]', kind: 'dingtalk', sendResolved: false, queued: 0, health: { lastAttempt: null, lastDelivered: null, failingSince: null, lastError: null } }] },
]
const ATTEMPTS = {
  'on-call': [
    { integration: 'on-call/webhook[0]', verdict: 'delivered', status: 200, code: null, answer: '{"ok":true}', seconds: 0.081 },
    { integration: 'on-call/email[0]', verdict: 'retry', status: 451, code: null, answer: '4.3.0 Temporary system problem. Try again later.', seconds: 1.2 },
  ],
  'platform-team': [{ integration: 'platform-team/dingtalk[0]', verdict: 'refused', status: 200, code: 310000, answer: '{"errcode":310000,"errmsg":"sign not match"}', seconds: 0.21 }],
}

export function alertmanager(method, path, user, body) {
  if (user === 'bare' || (user === 'plain' && path.startsWith('dais/'))) return { code: 404, body: `no route at ${path}` }
  const [kind, id] = path.split('/')
  if (path === 'alerts') return ok(notified(user))
  if (path === 'silences' && method === 'GET') return ok(user === 'empty' ? [] : silences.map((one) => ({ ...one, status: { state: state(one) } })))
  if (path === 'silences') {
    const made = { ...body, id: `5b2f0d0a-0009-4000-8000-${String(Date.now()).slice(-12)}`, updatedAt: ago(0) }
    silences.unshift(made)
    return ok({ silenceID: made.id })
  }
  if (kind === 'silence' && method === 'DELETE') { silences.find((one) => one.id === id).endsAt = new Date().toISOString(); return { code: 200 } }
  if (path === 'receivers') return ok(user === 'empty' ? [] : RECEIVERS.map(({ name }) => ({ name })))
  if (path === 'dais/receivers') return ok(user === 'empty' ? [] : RECEIVERS)
  if (path.endsWith('/test')) return ok(ATTEMPTS[decodeURIComponent(path.split('/')[2])])
  if (path === 'dais/acknowledgements' && method === 'POST') { for (const one of body.fingerprints) acknowledged.set(one, { user, comment: body.comment, at: ago(0), until: null }); return ok({ acknowledged: body.fingerprints }) }
  if (path.startsWith('dais/acknowledgements/')) { acknowledged.delete(path.split('/')[2]); return { code: 200 } }
  return { code: 404, body: `no route at ${path}` }
}
