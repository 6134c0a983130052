// Runs, curves and models for the pages.
import { RUNS } from './world.mjs'

const now = Date.now()
const at = (seconds) => now - seconds * 1000
const run = (id, name, status, start, end, params, metrics) => ({
  info: { run_id: id, run_name: name, experiment_id: '1', status, user_id: 'user-17', start_time: at(start), ...(end && { end_time: at(end) }), artifact_uri: `mlflow-artifacts:/1/${id}` },
  data: { params: Object.entries(params).map(([key, value]) => ({ key, value: String(value) })), metrics: Object.entries(metrics).map(([key, value]) => ({ key, value, step: 90, timestamp: now })), tags: [{ key: 'mlflow.source.name', value: 'train.py' }] },
})
const runs = [
  run(RUNS.running, 'digits-forest-7', 'RUNNING', 1090, 0, { n_estimators: 400, max_depth: 18, seed: 7 }, { loss: 0.1107, val_loss: 0.1298, accuracy: 0.971 }),
  run(RUNS.best, 'digits-forest-6', 'FINISHED', 8990, 8200, { n_estimators: 300, max_depth: 16, seed: 7 }, { loss: 0.0907, val_loss: 0.1198, accuracy: 0.9667 }),
  run(RUNS.failed, 'digits-shuffled', 'FAILED', 11990, 11950, { n_estimators: 300, max_depth: 16, shuffle: 'true' }, { loss: 2.302, val_loss: 2.31, accuracy: 0.0916 }),
  run(RUNS.old, 'digits-forest-5', 'FINISHED', 96000, 95000, { n_estimators: 200, max_depth: 12, seed: 7 }, { loss: 0.1807, val_loss: 0.2198, accuracy: 0.9417 }),
]
const version = (name, number, id, age, aliases = []) => ({ name, version: String(number), run_id: id, source: `models:/m-${number}abc`, status: 'READY', creation_timestamp: at(age), user_id: 'user-17', aliases, tags: [{ key: 'format', value: 'onnx' }] })
const versions = [version('digits', 8, RUNS.running, 900), version('digits', 7, RUNS.best, 8200, ['champion']), version('digits', 6, RUNS.old, 95000), version('digits', 5, 'x5', 186400, ['production']), version('fraud-graph', 2, 'x2', 300000), version('fraud-graph', 1, 'x1', 900000)]
const models = () => ['digits', 'fraud-graph'].map((name) => {
  const mine = versions.filter((one) => one.name === name)
  return { name, description: name === 'digits' ? 'Random forest on handwritten digits' : '', creation_timestamp: at(900000), last_updated_timestamp: mine[0].creation_timestamp, latest_versions: [mine[0]], aliases: mine.flatMap((one) => one.aliases.map((alias) => ({ alias, version: one.version }))) }
})

function history(id, key) {
  const last = runs.find((one) => one.info.run_id === id)?.data.metrics.find((one) => one.key === key)?.value ?? 1
  const steps = id === RUNS.failed ? 20 : 90
  return Array.from({ length: steps }, (_, step) => {
    const left = 0.95 ** step
    const noise = Math.sin(step * 12.9 + key.length) * 0.012
    const value = key === 'accuracy' ? last - left * 0.5 + noise : last + left * 0.9 * (id === RUNS.failed ? 0.02 : 1) + noise
    return { key, value, step, timestamp: at(1000 - step * 10) }
  })
}

const asked = (id, alias, from, to, age, part) => ({ id, name: 'digits', alias, version: to, from_version: from, current_version: '5', state: 'open', stale: false, requested_by: 'user-17', requested_at: at(age), reason: 'Recall 0.97 on last week, was 0.94', decided_by: null, decided_at: null, decision_reason: null, ...part })
let approvals = [
  asked(3, 'production', '5', '7', 7200, {}),
  asked(2, 'production', '5', '6', 90000, { state: 'rejected', decided_by: 'admin', decided_at: at(86400), decision_reason: 'Class 3 got worse' }),
  asked(1, 'production', null, '5', 180000, { state: 'approved', decided_by: 'admin', decided_at: at(170000), decision_reason: 'Checked by hand' }),
]

/** Requests to move the protected alias `production`. */
function approval(path, query, body, method, user) {
  const [, id, verb] = /^dais\/model-approvals(?:\/(\d+)\/(\w+))?$/.exec(path)
  const states = { approve: 'approved', reject: 'rejected', withdraw: 'withdrawn' }
  if (verb) {
    approvals = approvals.map((one) => (one.id === Number(id) ? { ...one, state: states[verb], decided_by: user, decided_at: Date.now(), decision_reason: body.reason } : one))
    return { model_approval: approvals.find((one) => one.id === Number(id)) }
  }
  if (method === 'POST') {
    approvals = [asked(approvals.length + 1, body.alias, null, body.version ?? null, 0, { name: body.name, reason: body.reason, requested_by: user }), ...approvals]
    return { model_approval: approvals[0] }
  }
  const wanted = (one) => ['name', 'state'].every((key) => !query.get(key) || one[key] === query.get(key))
  return { model_approvals: approvals.filter(wanted), protected_aliases: ['production'], may_approve: user === 'admin', user }
}

export function mlflow(project, path, query, body, method, user) {
  if (project === 'forbidden') return { code: 403, body: { error_code: 'PERMISSION_DENIED', message: 'project forbidden is not yours' } }
  const empty = project !== 'credit-score'
  const ok = (value) => ({ code: 200, body: value })
  if (path.startsWith('dais/model-approvals')) return ok(empty && method === 'GET' ? { model_approvals: [], protected_aliases: [], may_approve: false, user } : approval(path, query, body, method, user))
  if (path === 'runs/get') {
    const found = runs.find((one) => one.info.run_id === query.get('run_id'))
    return found ? ok({ run: found }) : { code: 404, body: { error_code: 'RESOURCE_DOES_NOT_EXIST', message: `no run ${query.get('run_id')}` } }
  }
  if (path === 'metrics/get-history') return ok({ metrics: history(query.get('run_id'), query.get('metric_key')) })
  if (path === 'experiments/search') return ok({ experiments: empty ? [] : [{ experiment_id: '1', name: 'digits', lifecycle_stage: 'active', last_update_time: now }] })
  if (path === 'runs/search') return ok({ runs: empty ? [] : runs })
  if (path === 'registered-models/search') return ok({ registered_models: empty ? [] : models() })
  if (path === 'model-versions/search') {
    const name = /name='([^']+)'/.exec(query.get('filter') ?? '')?.[1]
    return ok({ model_versions: empty ? [] : versions.filter((one) => !name || one.name === name) })
  }
  if (path === 'registered-models/alias') {
    for (const one of versions) if (one.name === body.name) one.aliases = one.aliases.filter((alias) => alias !== body.alias)
    if (method === 'POST') versions.find((one) => one.name === body.name && one.version === body.version)?.aliases.push(body.alias)
    return ok({})
  }
  return { code: 404, body: { error_code: 'ENDPOINT_NOT_FOUND', message: path } }
}
