import { describe, expect, it } from 'vitest'
import { offsetOf, span } from '../../api/ledger'
import { hours, people } from '../../objects/queries/person'
import { isLabelOf } from '../../objects/owner'
import { filled } from './trend'

describe('the label of a person', () => {
  it.each([
    ['user-17', 'user-17', true],
    ['user-17', 'user-1', false],
    ['ann-example.org-1a2b3c4d', 'Ann@example.org', true],
    ['ann-example.org', 'Ann@example.org', false],
    ['bob-example.org-1a2b3c4d', 'Ann@example.org', false],
    ['1a2b3c4d', '李', true],
  ])('%s of %s: %s', (label, name, is) => expect(isLabelOf(label, name)).toBe(is))
})

describe('a trend', () => {
  const point = (time: string, cpuHours: number) => ({ time, cpuHours, memoryGiBHours: 0, acceleratorHours: 0, accelerators: [] })
  it('has every step of the range, and none is made up', () => {
    const end = Date.parse('2026-01-02T03:30:00Z') / 1000
    const series = { name: 'ann', points: [point('2026-01-02T01:00:00Z', 2), point('2026-01-02T03:00:00Z', 1)] }
    expect(filled(series, { seconds: 4 * 3600, end }, 'hour')).toEqual([0, 0, 2, 0, 1])
    expect(filled(undefined, { seconds: 3600, end }, 'hour')).toBeUndefined()
  })
})

describe('the ledger is asked', () => {
  it('for the same time as everything else on the page', () => {
    expect(span({ seconds: 86_400, end: undefined })).toEqual({ since: '1440m' })
    expect(span({ seconds: 3600, end: 1_767_261_600 })).toEqual({ since: '2026-01-01T09:00:00.000Z', until: '2026-01-01T10:00:00.000Z' })
  })
  it('in days of the reader', () => expect([480, -330, 0].map(offsetOf)).toEqual(['+08:00', '-05:30', '+00:00']))
})

describe('hours', () => {
  it('hold each sample for one step', () => {
    expect(hours('x', 3600)).toBe('sum_over_time(x[3600s:15s]) * 15 / 3600')
    expect(hours('x', 604_800)).toBe('sum_over_time(x[604800s:2520s]) * 2520 / 3600')
  })
  it('count accelerators of running pods alone', () => {
    expect(people.accelerators).toContain('kube_pod_status_phase{phase="Running"} == 1')
  })
})
