import { describe, expect, it } from 'vitest'
import type { TrainingJob } from '../../api/generated'
import { words } from './command'
import { jobOf, placeOf } from './draft'
import { again, nextName, whyOf } from './phase'

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
    expect(again(job, new Set(['forest']))).toEqual({
      apiVersion: 'dais.io/v1alpha1', kind: 'TrainingJob', metadata: { name: 'forest-2', namespace: 'p' }, spec: { command: ['x'], application: 'forest', suspend: false },
    })
  })
})

describe('a draft', () => {
  it('leaves out what was left empty', () => {
    expect(jobOf({ name: 'a', program: 'command', command: 'python t.py', parameters: [{}, { key: 'seed', value: '7' }], retries: null }, 'p').spec).toEqual({ command: ['python', 't.py'], parameters: { seed: '7' } })
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

describe('why', () => {
  it('prefers the failure to the readiness', () => {
    const condition = (type: string, status: string, reason: string) => ({ type, status, reason, message: '', lastTransitionTime: '' })
    const job: TrainingJob = { metadata: { name: 'a' }, spec: { command: ['x'] }, status: { conditions: [condition('Ready', 'False', 'NonZeroExit'), condition('Failed', 'True', 'OOMKilled')] } }
    expect(whyOf(job)?.reason).toBe('OOMKilled')
  })
})
