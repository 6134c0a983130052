import { describe, expect, it } from 'vitest'
import type { TrainingJob } from '../../api/generated'
import { words } from './command'
import { jobOf, placeOf } from './draft'
import { again, isOver, mayDiffer, nextName, sweepOf, whyOf } from './phase'
import { replicasOf } from './replicas'

describe('a command line', () => {
  it.each([
    ['python train.py --trees 400', ['python', 'train.py', '--trees', '400']],
    [`sh -c 'echo "a b"'`, ['sh', '-c', 'echo "a b"']],
    ['a\\ b "" \'\'', ['a b', '', '']],
    ['"a \\" b"  c', ['a " b', 'c']],
    ['   ', []],
  ])('%s', (line, expected) => expect(words(line)).toEqual(expected))
})

describe('running again', () => {
  it('counts on from the name', () => {
    expect(nextName('forest', new Set())).toBe('forest-2')
    expect(nextName('forest-7', new Set(['forest-8']))).toBe('forest-9')
    expect(nextName('a'.repeat(63), new Set()).length).toBeLessThanOrEqual(63)
  })
  it('keeps the application, and does not stay suspended', () => {
    const job: TrainingJob = { metadata: { name: 'forest', namespace: 'p', uid: 'u' }, spec: { command: ['x'], suspend: true }, status: { phase: 'Failed' } }
    expect(again(job, new Set(['forest']), 'exactly')).toEqual({
      apiVersion: 'dais.io/v1alpha1', kind: 'TrainingJob', metadata: { name: 'forest-2', namespace: 'p' }, spec: { command: ['x'], application: 'forest', suspend: false, stop: false },
    })
  })
  it('takes what was really used, or the newest', () => {
    const job: TrainingJob = {
      metadata: { name: 'forest' }, spec: { command: ['x'], environment: 'e', datasets: [{ name: 'digits', version: 'latest', mountPath: '/d' }, { name: 'cards' }] },
      status: { datasets: [{ name: 'digits', version: 'v3', digest: 'd' }], environmentDigest: 'abc' },
    }
    const exact = again(job, new Set(), 'exactly')
    expect(exact.spec.datasets).toEqual([{ name: 'digits', version: 'v3', mountPath: '/d' }, { name: 'cards' }])
    expect(exact.spec.environmentDigest).toBe('abc')
    const newest = again(job, new Set(), 'newest')
    expect([newest.spec.datasets?.[0]?.version, newest.spec.environmentDigest]).toEqual(['latest', undefined])
    expect([mayDiffer(job), mayDiffer(exact)]).toEqual([true, false])
  })
})

describe('a draft', () => {
  it('leaves out what was left empty', () => {
    expect(jobOf({ name: 'a', program: 'command', command: 'python t.py', parameters: [{}, { key: 'seed', value: '7' }], retries: null }, 'p').spec).toEqual({ command: ['python', 't.py'], parameters: { seed: '7' } })
  })
  it('waits in a queue, runs in several pods and keeps checkpoints', () => {
    const draft = { name: 'a', program: 'command' as const, command: 'x', replicas: 4, processes: 2, queue: 'gpu', priority: -1, checkpoints: true }
    expect(jobOf({ ...draft, checkpointSize: '1Gi' }, 'p').spec).toEqual({ command: ['x'], replicas: 4, processesPerReplica: 2, queue: 'gpu', priority: -1, checkpoints: { size: '1Gi' } })
    expect(jobOf({ ...draft, replicas: 1, processes: 1 }, 'p').spec).toEqual({ command: ['x'], queue: 'gpu', priority: -1, checkpoints: {} })
  })
  it('reads references and resources', () => {
    const { spec } = jobOf({ name: 'a', program: 'script', script: 'print(1)', datasets: ['digits@v3', 'cards'], memory: '4Gi', accelerators: 2 }, 'p')
    expect(spec.command).toEqual(['python', '-c', 'print(1)'])
    expect(spec.datasets).toEqual([{ name: 'digits', version: 'v3' }, { name: 'cards' }])
    expect(spec.resources?.limits).toEqual({ memory: '4Gi', 'nvidia.com/gpu': '2' })
  })
  it('shows a refusal where it belongs', () => {
    expect(['spec.resources.limits.memory', 'spec.datasets[0].name', 'spec.command', 'metadata.name', 'spec.nothing'].map(placeOf)).toEqual(['memory', 'datasets', 'command', 'name', undefined])
  })
})

describe('replicas', () => {
  const pod = (attempt: number, rank: number) => ({ metadata: { name: `j-${attempt}-${rank}`, labels: { 'dais.io/attempt': String(attempt), 'dais.io/rank': String(rank) } } })
  it('are those of the newest attempt, with ranks that have no pod', () => {
    const { attempt, replicas } = replicasOf([pod(1, 0), pod(1, 1), pod(2, 1)], 2)
    expect(attempt).toBe(2)
    expect(replicas.map(({ rank, pod: one }) => [rank, one?.metadata.name])).toEqual([[0, undefined], [1, 'j-2-1']])
  })
  it('are counted before there is any pod', () => {
    expect(replicasOf([], 3)).toEqual({ attempt: undefined, replicas: [{ rank: 0 }, { rank: 1 }, { rank: 2 }] })
  })
})

describe('a job of a sweep', () => {
  it('knows its sweep and its trial', () => {
    const metadata = { name: 's-3', annotations: { 'dais.io/trial': '3' }, ownerReferences: [{ kind: 'Sweep', name: 's', uid: 'u' }] }
    expect(sweepOf({ metadata, spec: { command: ['x'] } })).toEqual({ name: 's', trial: '3' })
    expect(sweepOf({ metadata: { name: 'a' }, spec: { command: ['x'] } })).toBeUndefined()
  })
})

describe('why', () => {
  it('is over when it was stopped', () => {
    expect(isOver({ status: { phase: 'Stopped' } })).toBe(true)
    expect(isOver({ status: { phase: 'Suspended' } })).toBe(false)
  })
  it('prefers the failure to the readiness', () => {
    const condition = (type: string, status: string, reason: string) => ({ type, status, reason, message: '', lastTransitionTime: '' })
    const job: TrainingJob = { metadata: { name: 'a' }, spec: { command: ['x'] }, status: { conditions: [condition('Ready', 'False', 'NonZeroExit'), condition('Failed', 'True', 'OOMKilled')] } }
    expect(whyOf(job)?.reason).toBe('OOMKilled')
  })
})
