import { describe, expect, it } from 'vitest'
import type { InferenceService } from '../../api/generated'
import { translate, type Translate } from '../../i18n'
import { words } from '../jobs/command'
import { lineOf } from './commandLine'
import { draftOf, FIRST, placeOf, serviceOf, specOf, stepsOf, type Draft } from './draft'
import { endpoint, example } from './endpoint'
import { patchOf } from './patch'
import { ofService, servedBy } from './pods'
import { heldBy, progressOf, stepsAlong, type Rollout } from '../../objects/rollout'
import { rolloutsOf, underWay, versionOf } from './rollout'
import { scaleShort, scaleWords, secondsLeft } from './scale'
import { servedLabel } from './traffic'
import { backWords, recordedWords, rolloutMark, versionWords } from './words'

const t: Translate = (key, values) => translate('en', key, values)
const draft = (rest: Partial<Draft>): Draft => ({ ...FIRST, name: 's', ...rest })
const service = (spec: InferenceService['spec'], status: InferenceService['status'] = {}): InferenceService => ({ metadata: { name: 's', namespace: 'p', uid: '12345678-9abc-4def' }, spec, status })
const rollout = (rest: Partial<Rollout>): Rollout => ({ version: 'digits/8', state: 'Progressing', percent: 10, step: 0, ...rest })

describe('a draft', () => {
  it('of a model is as small as it can be', () => {
    expect(serviceOf(draft({ model: 'models:/digits/7' }), 'p')).toEqual({ apiVersion: 'dais.io/v1alpha1', kind: 'InferenceService', metadata: { name: 's', namespace: 'p' }, spec: { model: 'models:/digits/7', replicas: 1 } })
  })
  it('of a program has what the program needs, and no model', () => {
    const spec = specOf(draft({ serves: 'program', model: 'models:/digits/7', command: `sh -c 'echo "$PORT"'`, environment: 'sklearn', port: 9000, readyPath: '/health', takeover: 'steps' }))
    expect(spec).toEqual({ server: { command: ['sh', '-c', 'echo "$PORT"'], port: 9000, readyPath: '/health' }, environment: 'sklearn', replicas: 1 })
  })
  it('of a program with a model sleeps, takes over in steps and is written down', () => {
    const spec = specOf(draft({ serves: 'both', model: 'models:/digits@champion', command: 'serve', count: 'asNeeded', idleSeconds: null, takeover: 'steps', steps: '10, 50 %', minRequests: 5, record: 'some', recordPercent: 2.5 }))
    expect(spec).toEqual({
      model: 'models:/digits@champion', server: { command: ['serve'] }, autoscaling: { minReplicas: 0, maxReplicas: 4, concurrency: 8 },
      rollout: { steps: [10, 50], minRequests: 5 }, record: { percent: 2.5, failures: true },
    })
  })
  it('comes from what is there and changes nothing by itself', () => {
    const spec: InferenceService['spec'] = {
      model: 'models:/digits/7', replicas: 1, env: [{ name: 'A', value: 'b' }], application: 'a', environment: 'e',
      server: { command: ['sh', '-c', "it's $HOST"], code: { bundle: 'sha256:00' }, port: 9000 },
      autoscaling: { minReplicas: 1, maxReplicas: 3, concurrency: 2, idleSeconds: 9 }, rollout: { steps: [5], maxFailurePercent: 0 }, record: { percent: 1, failures: false },
      resources: { limits: { cpu: 2, 'huawei.com/npu': '1', 'nvidia.com/gpu': '1' }, requests: { cpu: '1' } },
    }
    expect(patchOf(spec, specOf(draftOf(service(spec)), spec))).toEqual({})
  })
  it('keeps what the form does not know when something else changes', () => {
    const spec: InferenceService['spec'] = { server: { command: ['a'], code: { bundle: 'sha256:00' } }, rollout: { steps: [5] }, resources: { limits: { cpu: '1', 'huawei.com/npu': '1' } } }
    const changed = { ...draftOf(service(spec)), command: 'b c', memory: '1Gi' }
    expect(patchOf(spec, specOf(changed, spec))).toEqual({ server: { command: ['b', 'c'] }, replicas: 1, resources: { limits: { memory: '1Gi' }, requests: { 'huawei.com/npu': '1', cpu: '1', memory: '1Gi' } } })
  })
  it('takes away what is no longer wanted', () => {
    const spec: InferenceService['spec'] = { model: 'models:/digits/7', replicas: 2, autoscaling: { minReplicas: 0, maxReplicas: 3, concurrency: 2, idleSeconds: 9 }, rollout: { steps: [5] }, record: { percent: 1 } }
    const before = draftOf(service(spec))
    expect(patchOf(spec, specOf({ ...before, count: 'fixed', takeover: 'once', record: 'nothing' }, spec))).toEqual({ autoscaling: null, rollout: null, record: null })
    expect(patchOf(spec, specOf({ ...before, idleSeconds: null, recordFailures: true }, spec))).toEqual({ autoscaling: { idleSeconds: null }, record: { failures: true } })
  })
  it('knows where a refused field stands', () => {
    const at = (field: string, message = '') => placeOf({ field, message })
    expect(['spec.server.command[0]', 'spec.server.readyPath', 'spec.autoscaling.maxReplicas', 'spec.rollout.steps[1]', 'spec.record.percent', 'spec.resources.limits.memory', 'spec.env'].map((one) => at(one)))
      .toEqual(['command', 'readyPath', 'maxReplicas', 'steps', 'recordPercent', 'memory', undefined])
    expect(at('spec', 'spec.autoscaling.maxReplicas: must not be below minReplicas')).toBe('maxReplicas')
  })
})

describe('steps', () => {
  it.each([['10, 50', [10, 50]], ['5 20%，60', [5, 20, 60]], ['', undefined], ['0', undefined], ['101', undefined], ['1.5', undefined], ['ten', undefined], [Array.from({ length: 21 }, () => '5').join(), undefined]])('%j', (text, steps) => expect(stepsOf(text)).toEqual(steps))
  it('are done, now and to come', () => {
    const states = (rest: Partial<Rollout>) => stepsAlong([10, 50], rollout(rest)).map(({ state }) => state).join(' ')
    expect(states({ state: 'Starting' })).toBe('todo todo todo')
    expect(states({ step: 1 })).toBe('done now todo')
    expect(states({ step: 1, state: 'Promoting' })).toBe('done done now')
    expect(states({ step: 1, state: 'RolledBack' })).toBe('done failed todo')
  })
  it('wait for time, then for requests', () => {
    const begun = Date.parse('2026-01-01T00:00:00Z')
    const at = (second: number, requests: number, failures = 0) => progressOf({ steps: [10], stepSeconds: 30, minRequests: 40 }, rollout({ since: '2026-01-01T00:00:00Z', requests, failures }), begun + second * 1000)
    expect([heldBy(at(10, 99)), heldBy(at(30, 39)), heldBy(at(30, 40))]).toEqual(['time', 'requests', 'nothing'])
    expect(at(-5, 0).seconds).toBe(0)
    expect([at(0, 0).allowedFailures, at(0, 100).allowedFailures, at(0, 39, 2).failures]).toEqual([2, 5, 2])
  })
})

describe('a rollout', () => {
  const rolling = service({ model: 'models:/digits/8', rollout: { steps: [10, 50] } }, { modelName: 'digits', modelVersion: '7', rollout: rollout({}) })
  const back = { ...rolling, status: { ...rolling.status, rollout: rollout({ state: 'RolledBack', percent: 0, step: 1, requests: 20, failures: 3 }) } }
  it('is marked while it goes on', () => {
    expect([rollout({}), rollout({ state: 'Starting' }), rollout({ state: 'Promoting' })].map((one) => rolloutMark(t, one))).toEqual(['v8 10%', 'v8 starts', 'v8 takes over'])
    expect([underWay(rolling)?.version, underWay(back)]).toEqual(['digits/8', undefined])
    expect(rolloutsOf([rolling, back], versionOf('digits/8')).map((one) => one.rollout.state)).toEqual(['Progressing', 'RolledBack'])
    expect(rolloutsOf([rolling], versionOf('digits/7'))).toEqual([])
  })
  it('says why it was taken back', () => {
    expect(backWords(t, back, back.status.rollout, progressOf({ steps: [10, 50] }, back.status.rollout, 0))).toBe('Version 8 was taken back at 50% of the requests: 3 of 20 failed, and at most 5% may. Version 7 answers all requests.')
  })
  it('names the model where it is another', () => {
    expect(versionWords(t, versionOf('other/2'), versionOf('digits/7'))).toBe('other/2')
    expect(versionOf('a/b/2')).toEqual({ name: 'a/b', version: '2' })
  })
  it('has pods of both versions, and nobody else’s', () => {
    const pod = (instance: string, uri?: string) => ({ metadata: { name: instance, labels: { 'app.kubernetes.io/instance': instance } }, spec: { containers: [{ name: 'model', env: [{ name: 'HOST' }, ...(uri ? [{ name: 'DAIS_MODEL_URI', value: uri }] : [])] }] } })
    const pods = [pod('s', 'models:/digits/7'), pod('s-next-12345678', 'models:/digits/8'), pod('s-2'), pod('s-next-00000000')]
    expect(ofService(rolling, pods).map((one) => one.metadata.name)).toEqual(['s', 's-next-12345678'])
    expect(pods.map((one) => servedBy(one)?.version)).toEqual(['7', '8', undefined, undefined])
  })
})

describe('the number of servers', () => {
  const rule = { minReplicas: 0, maxReplicas: 4, concurrency: 8 }
  const scaled = (replicas: number, readyReplicas = replicas, lowSince?: string) => service({ autoscaling: rule }, { readyReplicas, scale: { replicas, ...(lowSince && { lowSince }) } })
  it('is said with what decides it', () => {
    expect([scaleShort(t, service({ replicas: 2 }, { readyReplicas: 1 })), scaleShort(t, scaled(0)), scaleShort(t, scaled(2, 1))]).toEqual(['1 / 2', '0 of 0–4', '1 of 0–4'])
    expect([scaleWords(t, scaled(0)), scaleWords(t, scaled(2))]).toEqual(['no replica now, up to 4', '2 of 2 replicas ready, between 0 and 4'])
  })
  it('goes down after a while', () => {
    const since = '2026-01-01T00:00:00Z'
    expect(secondsLeft(scaled(2, 2, since), Date.parse(since) + 20_000)).toBe(40)
    expect(secondsLeft(scaled(2), 0)).toBeUndefined()
  })
})

describe('words', () => {
  it('of a command line can be read again', () => {
    const line = ['sh', '-c', `it's "quoted" \\ and\nlong`, 'a b', '', '--x=1']
    expect(words(lineOf(line))).toEqual(line)
  })
  it('of what is written down', () => {
    expect([{ percent: 10 }, { percent: 10, failures: true }, { percent: 100, failures: true }, { percent: 0, failures: true }, { percent: 0 }].map((one) => recordedWords(t, one)))
      .toEqual(['10% of requests', '10% of requests and all failures', '100% of requests', 'all failures', 'Nothing'])
  })
  it('of a service are its model, or its program in short', () => {
    expect(servedLabel(service({ model: 'models:/digits/7', server: { command: ['x'] } }))).toBe('digits/7')
    expect(servedLabel(service({ server: { command: ['python', '-c', 'x'.repeat(90)] } }))).toHaveLength(48)
  })
  it('of a program’s address are its own', () => {
    const program = service({ server: { command: ['x'] } }, { url: '/serve/p/s' })
    expect(endpoint(program, 'p', 'http://g')).toBe('http://g/serve/p/s/')
    expect(example(program, 'http://g/serve/p/s/')).not.toContain('inputs')
  })
})
