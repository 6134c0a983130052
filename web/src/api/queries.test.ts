import { describe, expect, it } from 'vitest'
import { clauses, tailAddress } from './logs'
import { quoted, windowOf } from './prom'

describe('log searches', () => {
  it('narrow by every part of the filter', () => {
    expect(clauses({ namespace: 'p', app: 'digits', pods: ['a', 'b'], level: 'error', text: 'bad magic' }, 0)).toEqual([
      { range: { '@timestamp': { gte: '1970-01-01T00:00:00.000Z' } } },
      { term: { namespace: 'p' } },
      { term: { app: 'digits' } },
      { terms: { pod: ['a', 'b'] } },
      { terms: { severity: ['error', 'fatal'] } },
      { query_string: { query: 'bad magic', default_field: 'message', default_operator: 'AND' } },
    ])
  })
  it('with no pod match nothing rather than everything', () => {
    expect(clauses({ pods: [] }, 0)).toContainEqual({ terms: { pod: [] } })
  })
  it('tail what they search', () => {
    expect(tailAddress({ namespace: 'p', app: 'digits', level: 'error', text: 'a b' }, 0, 50)).toBe(
      '/elasticsearch/_tail?q=a+b&namespace=p&app=digits&severity=error%2Cfatal&since=1970-01-01T00%3A00%3A00.000Z&lines=50',
    )
  })
})

describe('PromQL', () => {
  it('quotes what people name', () => {
    expect(quoted('a"b\\c')).toBe('"a\\"b\\\\c"')
  })
  it('asks for about 180 points that keep their place', () => {
    expect(windowOf(3600, 10_001)).toEqual({ start: 6420, end: 10_020, step: 20 })
    expect(windowOf(60, 1000).step).toBe(5)
  })
})
