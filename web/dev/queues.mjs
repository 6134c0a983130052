// What GET /api/queues answers: queues of a cohort, one that is held, and one without quotas.
import { ago, P, world } from './world.mjs'

const job = (name, user, wants, rest = {}) => ({ priority: 0, replicas: 1, wants, created: ago(900), ...(name && { name, project: P, user }), ...rest })
const gpu = 'nvidia.com/gpu'

const ACTIVITY = {
  train: {
    used: { cpu: '40', memory: '160Gi', [gpu]: '6' }, borrowed: { cpu: '8', [gpu]: '2' },
    holders: [
      job('digits-forest-7', 'user-17', { cpu: '2', memory: '4Gi' }, { isLeaving: false, since: ago(1090) }),
      job('', '', { cpu: '24', memory: '96Gi', [gpu]: '4' }, { replicas: 4, priority: 10, isLeaving: false, since: ago(9000) }),
      job('card-boost-28', 'user-08', { cpu: '4', memory: '8Gi' }, { isLeaving: false, since: ago(120) }),
      job('sweep-2', 'user-23', { cpu: '10', memory: '52Gi', [gpu]: '2' }, { priority: -5, isLeaving: true, since: ago(4000) }),
    ],
    line: [
      job('', '', { cpu: '16', [gpu]: '2' }, { place: 1, priority: 20 }),
      job('card-boost-30', 'user-08', { cpu: '4', memory: '8Gi' }, { place: 2, reason: 'Queued', message: 'place 2 in Queue "train": waits behind a job of another project' }),
      job('card-embeddings', 'user-08', { cpu: '24', memory: '128Gi', [gpu]: '4' }, { place: 3, replicas: 4, reason: 'Queued', message: 'place 3 in Queue "train": wants nvidia.com/gpu 4, 2 of 8 are free' }),
      job('ocr-big', 'user-23', { cpu: '128' }, { place: 4, reason: 'QuotaTooSmall', message: 'spec.resources: asks for cpu 128 over all replicas, Queue "train" has 48 at most' }),
    ],
  },
  batch: { used: { cpu: '6', memory: '24Gi', [gpu]: '0' }, borrowed: {}, holders: [job('', '', { cpu: '6', memory: '24Gi' }, { isLeaving: false, since: ago(300) })], line: [] },
  nightly: { used: { cpu: '0' }, borrowed: {}, holders: [], line: [job('fraud-graph-nightly', 'user-23', { cpu: '2', memory: '4Gi' }, { place: 1, reason: 'Held', message: 'Queue "nightly" lets nobody in now' })] },
}

export function queues(user) {
  const all = user === 'empty' ? [] : world.queues
  return {
    code: 200,
    body: {
      queues: all.map(({ metadata, spec }) => {
        const { used = {}, borrowed = {}, holders = [], line = [] } = ACTIVITY[metadata.name] ?? {}
        return {
          name: metadata.name, cohort: spec.cohort ?? null, strategy: spec.strategy ?? 'BestEffortFIFO', preemption: spec.preemption ?? 'Never', stopPolicy: spec.stopPolicy ?? 'None',
          projects: spec.projects ?? [], isForAll: !spec.projects?.length, created: metadata.creationTimestamp,
          resources: (spec.resources ?? []).map((one) => ({ ...one, borrowingLimit: one.borrowingLimit ?? null, used: used[one.name] ?? '0', borrowed: borrowed[one.name] ?? '0' })),
          line, holders,
        }
      }),
    },
  }
}
