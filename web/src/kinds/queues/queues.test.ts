import { describe, expect, it } from 'vitest'
import type { QueueView, WaitingJob } from '../../api/queues'
import { translate } from '../../i18n'
import { draftOf, patchOf, placeOf, queueOf } from './draft'
import { cohortShares, placeInLine, sharesOf, usableBy, wantsWords } from './shares'

const waiting = (place: number, name?: string): WaitingJob => ({ place, priority: 0, replicas: 1, wants: { cpu: '2' }, ...(name && { name, project: 'p' }) })
const queue = (name: string, rest: Partial<QueueView> = {}): QueueView =>
  ({ name, strategy: 'BestEffortFIFO', preemption: 'Never', stopPolicy: 'None', projects: [], isForAll: true, resources: [], line: [], holders: [], ...rest })
const cpu = (nominalQuota: string, used: string, borrowed = '0', borrowingLimit?: string) =>
  [{ name: 'cpu', nominalQuota, used, borrowed, ...(borrowingLimit && { borrowingLimit }) }]

describe('what a queue has', () => {
  it('is its own when it is alone', () => {
    const one = queue('a', { resources: cpu('8', '6500m') })
    expect(sharesOf(one, [one, queue('b', { resources: cpu('8', '0') })])).toEqual([{ name: 'cpu', own: 8, used: 6.5, borrowed: 0, most: 8, free: 1.5 }])
  })
  it('is what its cohort does not use, too', () => {
    const a = queue('a', { cohort: 'c', resources: cpu('4', '6', '2') })
    const b = queue('b', { cohort: 'c', resources: cpu('8', '3') })
    expect(sharesOf(a, [a, b])[0]).toMatchObject({ most: 12, free: 3 })
    expect(cohortShares([a, b])).toEqual([{ name: 'cpu', own: 12, used: 9, lent: 2 }])
  })
  it('ends at its limit, and is never less than nothing', () => {
    const a = queue('a', { cohort: 'c', resources: cpu('4', '5', '1', '2') })
    const b = queue('b', { cohort: 'c', resources: cpu('8', '0') })
    expect(sharesOf(a, [a, b])[0]).toMatchObject({ most: 6, free: 1 })
    expect(sharesOf(queue('d', { resources: cpu('1', '3') }), [])[0]?.free).toBe(0)
  })
})

describe('the line', () => {
  const all = [queue('a'), queue('b', { line: [waiting(1), waiting(2, 'x'), waiting(3, 'y')] })]
  it('has a place for a job, and who is ahead', () => {
    const place = placeInLine(all, 'p', 'y')
    expect([place?.queue.name, place?.job.place, place?.ahead.map((one) => one.name)]).toEqual(['b', 3, [undefined, 'x']])
  })
  it('has none for a job of the same name elsewhere', () => {
    expect(placeInLine(all, 'other', 'y')).toBeUndefined()
  })
  it('is of queues that the project may use', () => {
    const some = [queue('a'), queue('b', { isForAll: false, projects: ['p'] }), queue('c', { isForAll: false, projects: ['q'] })]
    expect(usableBy(some, 'p').map((one) => one.name)).toEqual(['a', 'b'])
  })
  it('says what is wanted', () => {
    expect(wantsWords((key, values) => translate('en', key, values), { cpu: '500m', memory: '4Gi', 'nvidia.com/gpu': '2' })).toBe('0.5 cores · 4 GiB · 2 nvidia.com/gpu')
  })
})

describe('a draft of a queue', () => {
  it('stands for an object without rows that name nothing', () => {
    const made = queueOf({ name: 'q', strategy: 'StrictFIFO', preemption: 'Never', stopPolicy: 'None', resources: [{ name: 'cpu', nominalQuota: '4', borrowingLimit: '' }, {}] })
    expect(made).toMatchObject({ kind: 'Queue', metadata: { name: 'q' } })
    expect(made.spec).toEqual({ resources: [{ name: 'cpu', nominalQuota: '4' }], strategy: 'StrictFIFO', preemption: 'Never', stopPolicy: 'None', projects: [] })
  })
  it('takes away what was emptied', () => {
    const draft = draftOf(queue('q', { cohort: 'c', resources: cpu('4', '0', '0', '2') }))
    expect(draft.resources).toEqual([{ name: 'cpu', nominalQuota: '4', borrowingLimit: '2' }])
    expect(patchOf({ ...draft, cohort: '' }).spec.cohort).toBeNull()
  })
  it('shows a refusal where it belongs', () => {
    expect(['spec.resources[1].nominalQuota', 'metadata.name', 'spec.cohort', 'spec.nothing'].map(placeOf)).toEqual([['resources', 1, 'nominalQuota'], 'name', 'cohort', undefined])
  })
})
