import { describe, expect, it } from 'vitest'
import type { Application, ApplicationSpec } from '../../api/generated'
import type { Pod } from '../../api/meta'
import { patchOf } from '../services/patch'
import { runOf } from './act'
import { applicationOf, draftOf, FIRST, specOf } from './draft'
import { placeOf } from './place'
import { ofApplication } from './pods'
import { between, releaseOf } from './releases'
import { scaleOfApp } from './scale'

const FULL: ApplicationSpec = {
  image: 'nginx:1.27', command: ['sh', '-c', 'exec serve "$PORT"'], args: ['-v'], environment: 'web', code: { bundle: 'sha256:00' },
  ports: [{ name: 'http', port: 8080 }, { name: 'grpc', port: 9000 }],
  env: [
    { name: 'PLAIN', value: 'a b' }, { name: 'EMPTY', value: '' },
    { name: 'KEY', valueFrom: { secretKeyRef: { name: 'db', key: 'url', optional: true } } },
    { name: 'MODE', valueFrom: { configMapKeyRef: { name: 'settings', key: 'mode' } } },
    { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
  ],
  envFrom: [{ prefix: 'P_', secretRef: { name: 'all' } }],
  volumes: [
    { name: 'data', mountPath: '/data', readOnly: false, claim: { size: '1Gi', storageClass: 'fast' } }, { name: 'old', mountPath: '/old', existingClaim: 'old' },
    { name: 'digits', mountPath: '/digits', dataset: { name: 'digits', version: 'v3' } }, { name: 'secret', mountPath: '/secret', readOnly: true, secret: 'tls' },
  ],
  health: { ready: { path: '/ready', everySeconds: 2 }, live: { command: ['check'] }, startSeconds: 60 },
  resources: { limits: { cpu: '1', memory: '1Gi', 'example.com/fpga': '1' }, requests: { cpu: '500m' } },
  replicas: 2, rollout: { steps: [10, 50], minRequests: 5 }, route: { port: 'grpc', keepPrefix: true }, ownPort: { port: 'grpc' }, stopped: false, releasesKept: 5,
}
const app = (spec: ApplicationSpec, status: Application['status'] = null): Application => ({ metadata: { name: 'web', namespace: 'default', uid: '0a1b2c3d-4e5f' }, spec, status })

describe('the form', () => {
  it('gives back the specification that it was filled from, with what it does not show', () => {
    expect(patchOf(FULL, specOf(draftOf(app(FULL)), FULL))).toEqual({})
    const nightly: ApplicationSpec = { command: ['clean'], replicas: 1, schedule: { cron: '0 3 * * *', timeZone: 'Asia/Shanghai', concurrency: 'Replace', retries: 0, runsKept: 9 } }
    expect(patchOf(nightly, specOf(draftOf(app(nightly)), nightly))).toEqual({})
    const scaled: ApplicationSpec = { command: ['serve'], replicas: 1, ports: [{ name: 'http', port: 80 }], route: {}, autoscaling: { minReplicas: 0, maxReplicas: 3, concurrency: 8, idleSeconds: 5 } }
    expect(patchOf(scaled, specOf(draftOf(app(scaled)), scaled))).toEqual({})
  })

  it('patches only what was changed', () => {
    const draft = { ...draftOf(app(FULL)), replicas: 3, readyPath: '', livePath: '/live' }
    expect(patchOf(FULL, specOf(draft, FULL))).toEqual({ replicas: 3, health: { ready: null, live: { path: '/live', command: null } } })
  })

  it('says why where a reason was given', () => {
    const made = applicationOf({ ...FIRST, name: 'web', command: 'serve --quietly', why: 'first' }, 'default')
    expect(made.metadata.annotations).toEqual({ 'kubernetes.io/change-cause': 'first' })
    expect(made.spec).toEqual({ command: ['serve', '--quietly'], ports: [{ name: 'http', port: 8080 }], replicas: 1, route: {} })
  })

  it('leaves out of a schedule what only servers have', () => {
    const { spec } = applicationOf({ ...FIRST, name: 'web', command: 'clean', runs: 'schedule', count: 'asNeeded', takeover: 'steps', cron: '@daily' }, 'default')
    expect(spec).toEqual({ command: ['clean'], ports: [{ name: 'http', port: 8080 }], schedule: { cron: '@daily', concurrency: 'Forbid' } })
  })
})

describe('a refusal', () => {
  const place = (field: string, message = '') => placeOf({ field, message })
  it('stands at its field', () => {
    expect(place('spec.image')).toBe('image')
    expect(place('spec.ports[1].port')).toEqual(['ports', 1, 'port'])
    expect(place('spec.env[2].valueFrom.secretKeyRef.name')).toEqual(['variables', 2, 'of'])
    expect(place('spec.environment')).toBe('environment')
    expect(place('spec.volumes[0].claim.size')).toEqual(['volumes', 0, 'size'])
    expect(place('spec.health.live.path')).toBe('livePath')
    expect(place('spec', 'spec.ports: give each port a name of its own')).toEqual(['ports', 0, 'name'])
    expect(place('spec', 'spec.route: leads to a port; name it in spec.ports')).toBe('routed')
    expect(place('<nil>', 'Invalid value: spec.ports: give each port a name of its own')).toEqual(['ports', 0, 'name'])
    expect(place('spec', 'set spec.image, spec.command or both')).toBe('command')
    expect(place('spec', 'something else')).toBeUndefined()
  })
})

describe('releases', () => {
  it('are read as they were written down', () => {
    const read = releaseOf({ metadata: { name: 'web-2', creationTimestamp: '2026-01-01T00:00:00Z' }, revision: 2, data: { spec: { image: 'a' }, changes: ['image: "b" → "a"'], by: 'ann', cause: 'why' } })
    expect(read).toEqual({ number: 2, time: '2026-01-01T00:00:00Z', spec: { image: 'a' }, changes: ['image: "b" → "a"'], by: 'ann', cause: 'why' })
    expect(releaseOf({ metadata: { name: 'web-1' }, revision: 1 })).toMatchObject({ number: 1, changes: [], by: '' })
  })

  it('differ in plain values, entries of lists by name', () => {
    const [old, next] = [{ env: [{ name: 'A', value: '1' }, { name: 'B', value: '2' }], command: ['a'] }, { env: [{ name: 'B', value: '3' }], command: ['a'], image: 'x' }]
    expect(between(old, next)).toEqual([
      { path: 'env[A].name', was: '"A"', is: undefined }, { path: 'env[A].value', was: '"1"', is: undefined },
      { path: 'env[B].value', was: '"2"', is: '"3"' }, { path: 'image', was: undefined, is: '"x"' },
    ])
    expect(between(old, old)).toEqual([])
  })
})

describe('what runs', () => {
  it('counts its own pods and those of a release on its way in', () => {
    const pod = (instance: string, annotations = {}): Pod => ({ metadata: { name: instance, labels: { 'app.kubernetes.io/instance': instance }, annotations } })
    const pods = [pod('web'), pod('web-app-next-0a1b2c3d'), pod('other'), pod('web-5f2a', { 'dais.io/instance-name': 'web' })]
    expect(ofApplication(app({}), pods).map(({ metadata }) => metadata.name)).toEqual(['web', 'web-app-next-0a1b2c3d', 'web-5f2a'])
  })

  it('is nothing while it is stopped', () => {
    expect(scaleOfApp(app({ replicas: 3, stopped: true }, { readyReplicas: 0 }))).toMatchObject({ wanted: 0, asleep: false })
    expect(scaleOfApp(app({ replicas: 3 }, { readyReplicas: 2 }))).toMatchObject({ ready: 2, wanted: 3 })
  })

  it('runs now as a Job of the CronJob', () => {
    const job = runOf({ metadata: { name: 'web-app', namespace: 'default', uid: 'u' }, spec: { jobTemplate: { metadata: { labels: { a: 'b' } }, spec: { backoffLimit: 1 } } } }, new Date(5000))
    expect(job.metadata).toMatchObject({ name: 'web-app-now-5', namespace: 'default', labels: { a: 'b' }, annotations: { 'cronjob.kubernetes.io/instantiate': 'manual' }, ownerReferences: [{ kind: 'CronJob', name: 'web-app', uid: 'u', controller: true }] })
    expect(job.spec).toEqual({ backoffLimit: 1 })
  })
})
