import { describe, expect, it } from 'vitest'
import type { Application, InferenceService, TrainingJob } from '../../api/generated'
import type { KubeEvent, KubeObject } from '../../api/meta'
import { translate } from '../../i18n'
import type { Translate } from '../../i18n'
import type { Alert } from '../alerts/alert'
import type { Release } from '../applications/releases'
import { marksOf } from './marks'
import { answering } from './useApplication'

const t: Translate = (key, values) => translate('en', key, values)
const named = (name: string, more: object = {}) => ({ metadata: { name }, spec: {}, ...more })
const NOON = '2026-01-01T12:00:00Z'
const none = { releases: [], services: [], revisions: [], jobs: [], warnings: [], alerts: [] }

describe('what happened to an application', () => {
  it('stands on its axis: releases and rollouts by name, the rest as lines', () => {
    const revision = (instance: string): KubeObject => ({ metadata: { name: instance, creationTimestamp: NOON, labels: { 'app.kubernetes.io/instance': instance }, annotations: { 'deployment.kubernetes.io/revision': '3' } } })
    const rolling = (state: string) => named('digits', { status: { rollout: { state, since: NOON, version: 'digits/8' } } }) as unknown as InferenceService
    const marks = marksOf(t, {
      releases: [{ number: 2, time: NOON } as Release], services: [rolling('Progressing'), rolling('RolledBack'), named('quiet') as InferenceService],
      revisions: [revision('digits'), revision('digits-next-0a1b2c3d'), revision('other')],
      jobs: [named('trained', { status: { startTime: NOON } }) as unknown as TrainingJob],
      warnings: [{ metadata: { name: 'e' }, reason: 'BackOff', lastTimestamp: NOON, involvedObject: {} } as KubeEvent],
      alerts: [{ name: 'PodWaits', since: NOON } as Alert],
    })
    expect(marks.map(({ label, tone, named: written = false }) => [label, tone, written])).toEqual([
      ['Release 2', 'accent', true], ['digits: revision 3', 'accent', true], ['digits: version 8', 'accent', true], ['digits: version 8 taken back', 'error', true],
      ['trained starts', 'muted', false], ['BackOff', 'warning', false], ['PodWaits', 'error', false],
    ])
    expect(new Set(marks.map(({ time }) => time))).toEqual(new Set([Date.parse(NOON)]))
  })
  it('has no mark of what has not begun', () => {
    expect(marksOf(t, { ...none, jobs: [named('waits') as unknown as TrainingJob], releases: [{ number: 1, time: undefined } as Release] })).toEqual([])
  })
})

describe('what the gateway counts', () => {
  it('is services, and programs that a route leads to', () => {
    const of = { services: [named('a') as InferenceService], programs: [named('b', { spec: { route: {} } }), named('c')] as Application[], jobs: [], notebooks: [] }
    expect(answering(of)).toEqual(['a', 'b'])
    expect(answering({ ...of, services: [], programs: of.programs.slice(1) })).toEqual([])
  })
})
