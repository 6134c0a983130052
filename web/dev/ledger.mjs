// The ledger of use, made up.
const PEOPLE = ['user-17', 'user-08', 'user-23', 'user-02']
const APPS = ['digits', 'score-card', 'fraud-graph']
const DAY = 86_400_000
let list = { currency: 'CNY', prices: [{ cpuHour: 0.12, memoryGiBHour: 0.03, accelerators: [{ resource: 'nvidia.com/gpu', hour: 6 }] }] }

const totals = (scale) => {
  const [cpuHours, memoryGiBHours, acceleratorHours] = [41.7 * scale, 166 * scale, scale > 0.5 ? 12.5 * scale : 0]
  const price = list?.prices[0]
  return {
    cpuHours, memoryGiBHours, acceleratorHours, accelerators: acceleratorHours ? [{ resource: 'nvidia.com/gpu', model: 'NVIDIA-A100', hours: acceleratorHours }] : [],
    ...(price && { cost: cpuHours * price.cpuHour + memoryGiBHours * price.memoryGiBHour + acceleratorHours * (price.accelerators[0]?.hour ?? 0) }),
  }
}
const group = (name, index, project) => ({ name, ...(project && { project }), ...totals(1 / (index + 1)), jobs: 14 - index * 4, runs: 19 - index * 5 })
const about = () => (list ? { currency: list.currency } : {})

function series(by, step) {
  const length = step === 'hour' ? 3_600_000 : DAY
  const now = Math.floor(Date.now() / length) * length
  const names = by === 'person' ? PEOPLE : APPS
  return names.map((name, index) => ({ name, points: Array.from({ length: 7 }, (_, n) => ({ time: new Date(now - (6 - n) * length).toISOString(), ...totals((0.3 + ((n * 7 + index * 3) % 10) / 10) / (7 * (index + 1))) })) }))
}

const entry = (n, user) => {
  const started = Date.now() - n * 5_400_000
  const failed = n % 7 === 4
  return {
    id: `pod-${n}/main/0`, project: 'credit-score', workspace: 'risk', app: APPS[n % 3], user, kind: n % 5 === 3 ? 'InferenceService' : 'TrainingJob', object: `digits-forest-${n}`, pod: `digits-forest-${n}-1`, container: 'main', attempt: failed ? 1 : 0,
    node: 'train-01', started: new Date(started).toISOString(), ...(n > 0 && { ended: new Date(started + 1_900_000).toISOString() }), seconds: 1900, cpuRequest: 2, memoryRequest: 2 ** 32, memoryPeak: 2 ** 31, ...(n > 0 && n !== 9 && { exitCode: failed ? 137 : 0 }),
    reason: n === 9 ? 'ShimLost' : failed ? 'OOMKilled' : 'Completed', complete: n !== 9, ...totals(0.03 * ((n % 4) + 1)),
  }
}

export function ledger(method, path, query, body, user) {
  if (path === 'prices' && method === 'PUT') { list = body; return { code: 200, body: { list } } }
  if (path === 'prices' && method === 'DELETE') { list = undefined; return { code: 204 } }
  if (path === 'prices') return { code: 200, body: list ? { list } : {} }
  const nobody = user === 'empty'
  if (path === 'series') return { code: 200, body: { ...about(), items: nobody ? [] : series(query.get('by'), query.get('step')) } }
  if (path === 'entries') return { code: 200, body: { ...about(), items: nobody ? [] : Array.from({ length: 12 }, (_, n) => entry(n, query.get('user') ?? 'user-17')) } }
  if (path === 'use') {
    const one = query.get('user')
    const items = nobody ? [] : one ? [group(one, 0)] : query.get('by') === 'person' ? PEOPLE.map((name, index) => group(name, index)) : APPS.map((name, index) => group(name, index, 'credit-score'))
    return { code: 200, body: { ...about(), total: group('', 0), items } }
  }
  return { code: 404, body: { error: { reason: `no such address: /api/ledger/${path}` } } }
}
