import { describe, expect, it } from 'vitest'
import type { Pod } from '../api/meta'
import { rulesOf } from '../components/plot/option'
import { grouped, pointsOf } from './MetricCurves'
import { podState } from './pods'
import { readiness } from './readiness'

const ready = (status: string, reason: string) => [{ type: 'Ready', status, reason, message: 'm' }]

describe('readiness in words', () => {
  it.each([
    [undefined, 'ready.unknown', 'muted'],
    [ready('True', 'Available'), 'ready.yes', 'success'],
    [ready('False', 'Building'), 'ready.underway', 'accent'],
    [ready('False', 'PythonMissing'), 'ready.no', 'error'],
    [ready('False', 'Unschedulable'), 'ready.no', 'warning'],
    [ready('True', 'Asleep'), 'ready.asleep', 'muted'],
    [ready('True', 'RolledBack'), 'ready.yes', 'warning'],
    [ready('False', 'NoVersion'), 'ready.empty', 'muted'],
  ])('%j', (conditions, word, tone) => expect(readiness(conditions)).toMatchObject({ word, tone }))
})

describe('the state of a pod', () => {
  const pod = (status: Pod['status']): Pod => ({ metadata: { name: 'p' }, status })
  it('says why it waits', () => {
    expect(podState(pod({ phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'no room' }] }))).toMatchObject({ word: 'Unschedulable', why: 'no room', tone: 'warning' })
    expect(podState(pod({ phase: 'Pending', containerStatuses: [{ name: 'c', restartCount: 6, state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off' } } }] }))).toMatchObject({ word: 'CrashLoopBackOff', why: 'back-off', restarts: 6 })
    expect(podState(pod({ phase: 'Failed', containerStatuses: [{ name: 'c', state: { terminated: { reason: 'OOMKilled', exitCode: 137 } } }] }))).toMatchObject({ word: 'OOMKilled', why: 'exit code 137', tone: 'error' })
  })
  it('is ready when every container is', () => {
    expect(podState(pod({ phase: 'Running', containerStatuses: [{ name: 'c', ready: true }] }))).toMatchObject({ ready: true, tone: 'success' })
    expect(podState(pod({ phase: 'Running', containerStatuses: [{ name: 'c', ready: true }, { name: 'd' }] }))).toMatchObject({ ready: false, tone: 'accent' })
  })
})

describe('metric curves', () => {
  it('put what belongs together on one card, loss first', () => {
    expect(grouped(['accuracy', 'val_accuracy', 'train_loss', 'val_loss'])).toEqual([['loss', ['train_loss', 'val_loss']], ['accuracy', ['accuracy', 'val_accuracy']]])
  })
  it('fall back on the order when no step was logged', () => {
    expect(pointsOf([{ key: 'a', value: 5 }, { key: 'a', value: 6 }])).toEqual([[0, 5], [1, 6]])
    expect(pointsOf([{ key: 'a', value: 5, step: '10' }, { key: 'a', value: 6, step: 2 }])).toEqual([[2, 6], [10, 5]])
  })
})

describe('the rules of a chart', () => {
  const line = (value: number) => [{ name: '', points: [[0, value]] as [number, number][] }]
  it('are whole numbers for counts', () => {
    expect([0, 1, 3, 10].map((top) => rulesOf(line(top), 0, { whole: true }))).toEqual([{ interval: 1, max: 1 }, { interval: 1, max: 1 }, { interval: 1, max: 3 }, { interval: 5, max: 10 }])
  })
  it('count piles as piles', () => {
    const pile = [1, 2].map((value) => ({ name: '', stack: 's', points: [[0, value * 10]] as [number, number][] }))
    expect(rulesOf(pile, 0)).toEqual({ interval: 10, max: 30 })
  })
  it('lie at round values, above the limit', () => {
    expect(rulesOf(line(1.9), 2)).toEqual({ interval: 0.5, max: 2.5 })
    expect(rulesOf(line(3 * 2 ** 30), 4 * 2 ** 30, { binary: true })).toEqual({ interval: 2 ** 30, max: 5 * 2 ** 30 })
    expect(rulesOf(line(0), 0)).toEqual({})
  })
})
