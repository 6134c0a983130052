import { describe, expect, it } from 'vitest'
import type { TrainingJob } from '../../api/generated'
import { hours, people } from '../../objects/queries/person'
import { csv } from './csv'
import { isLabelOf, jobsOf } from './owner'

describe('a table for spreadsheets', () => {
  it('quotes what needs it', () => {
    expect(csv(['name', 'hours'], [['a,"b"', 1.5], ['=cmd()', undefined], ['x', 0.1 + 0.2]])).toBe('\uFEFFname,hours\r\n"a,""b""",1.5\r\n\'=cmd(),\r\nx,0.3\r\n')
  })
})

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

describe('the jobs of a person', () => {
  const job = (name: string, by: string, startTime: string, completionTime?: string) => ({ metadata: { name, annotations: { 'dais.io/created-by': by } }, spec: {}, status: { startTime, ...(completionTime && { completionTime }) } }) as unknown as TrainingJob
  it('are those that ran within the range', () => {
    const jobs = [job('before', 'u', '2026-01-01T00:00:00Z', '2026-01-01T01:00:00Z'), job('across', 'u', '2026-01-01T00:00:00Z', '2026-01-02T12:00:00Z'), job('running', 'u', '2026-01-02T11:00:00Z'), job('other', 'v', '2026-01-02T11:00:00Z'), job('later', 'u', '2026-02-01T00:00:00Z')]
    expect(jobsOf(jobs, 'u', Date.parse('2026-01-02T00:00:00Z'), Date.parse('2026-01-03T00:00:00Z')).map((one) => one.metadata.name)).toEqual(['across', 'running'])
  })
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
