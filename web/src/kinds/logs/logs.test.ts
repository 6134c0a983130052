import { describe, expect, it } from 'vitest'
import { tailAddress } from '../../api/logs'
import { boolOf, clauses } from '../../api/logQuery'
import { chunksOf, flattened, valueOf } from '../../objects/LogLinesParts'
import { barsOf } from './bars'
import { written } from './download'
import { searchesOf } from './saved'
import { filterOf, pairOf } from './useSearch'

const line = { _id: '1', sort: ['2026-01-01T00:00:00.000000001Z', 7], '@timestamp': '2026-01-01T00:00:00.000000001Z', message: 'a b', severity: 'warn', pod: 'p-0', fields: { http: { status: 200 }, list: [1, 2] } }

describe('a log search', () => {
  it('narrows by every part of the filter', () => {
    expect(clauses({ namespace: 'p', app: 'digits', pods: ['a', 'b'], level: 'error', text: 'bad magic' }, 0)).toEqual([
      { range: { '@timestamp': { gte: '1970-01-01T00:00:00.000Z' } } },
      { term: { namespace: 'p' } },
      { term: { app: 'digits' } },
      { terms: { pod: ['a', 'b'] } },
      { terms: { severity: ['error', 'fatal'] } },
      { query_string: { query: 'bad magic', default_field: 'message', default_operator: 'AND' } },
    ])
  })
  it('with no pod matches nothing rather than everything', () => {
    expect(clauses({ pods: [] }, 0)).toContainEqual({ terms: { pod: [] } })
  })
  it('takes values of one field as alternatives, and leaves others out', () => {
    expect(boolOf({ is: [['node', 'a'], ['user', 'u'], ['node', 'b']], not: [['stream', 'stderr']] })).toEqual({
      bool: { filter: [{ terms: { node: ['a', 'b'] } }, { term: { user: 'u' } }], must_not: [{ term: { stream: 'stderr' } }] },
    })
  })
  it('is tailed as it is searched', () => {
    const address = new URL(tailAddress({ namespace: 'p', app: 'digits', level: 'error', text: 'a b', not: [['node', 'n']] }, 0, 50), 'http://x')
    expect(Object.fromEntries(address.searchParams)).toEqual({
      q: 'a b', index: '*,-events*', namespace: 'p', app: 'digits', severity: 'error,fatal', since: '1970-01-01T00:00:00.000Z', lines: '50',
      query: '{"bool":{"filter":[],"must_not":[{"term":{"node":"n"}}]}}',
    })
  })
  it('is what its address says', () => {
    expect(filterOf(new URLSearchParams('q=x&pod=p-0&is=fields.url:http://a&not=user:u&level=warn'), 'here')).toEqual({
      namespace: 'here', text: 'x', pods: ['p-0'], level: 'warn', is: [['fields.url', 'http://a']], not: [['user', 'u']],
    })
    expect(filterOf(new URLSearchParams('app=a&user=u&node=m1&is=stream:stderr'), undefined)).toEqual({ app: 'a', is: [['user', 'u'], ['node', 'm1'], ['stream', 'stderr']] })
    expect(filterOf(new URLSearchParams(), undefined)).toEqual({})
    expect(pairOf('bare')).toEqual(['bare', ''])
  })
})

describe('a histogram', () => {
  it('has a bar for every step, and counts unknown levels as others', () => {
    const bars = barsOf([{ time: 0, counts: { error: 1, fatal: 2, notice: 3 } }, { time: 590_000, counts: { '': 4 } }, { time: 600_000, counts: { info: 5 } }], { from: 4_000, to: 603_000 })
    expect(bars).toHaveLength(61)
    expect(bars[0]).toEqual({ from: 0, to: 9_999, counts: [3, 0, 0, 3], total: 6 })
    expect(bars.slice(59).map((bar) => bar.counts)).toEqual([[0, 0, 0, 4], [0, 0, 5, 0]])
  })
})

describe('lines', () => {
  it('say all they have by dotted names', () => {
    expect(flattened(line)).toEqual([['@timestamp', line['@timestamp']], ['message', 'a b'], ['severity', 'warn'], ['pod', 'p-0'], ['fields.http.status', '200'], ['fields.list', '1, 2']])
    expect(['fields.http.status', 'fields.list', 'node', 'fields.none.deep', 'severity.deep'].map((field) => valueOf(line, field))).toEqual(['200', '1, 2', '', '', ''])
    expect(valueOf({ ...line, fields: { 'http.url': 'x' } }, 'fields.http.url')).toBe('x')
  })
  it('are written as text or with every field, without what only orders them', () => {
    expect(written(line, 'text')).toBe('2026-01-01T00:00:00.000000001Z WARN p-0 a b')
    expect(JSON.parse(written(line, 'ndjson'))).toEqual({ ...line, sort: undefined })
  })
  it('come in chunks that keep their name when lines are added at the end', () => {
    const lines = (count: number) => Array.from({ length: count }, (_, index) => ({ ...line, _id: String(index) }))
    expect(chunksOf(lines(120)).map(({ key, lines: some }) => [key, some.length])).toEqual([['0', 50], ['50', 50], ['100', 20]])
    expect(chunksOf(lines(121)).at(-1)?.key).toBe('100')
  })
})

describe('saved searches', () => {
  it('survive what somebody else wrote in their place', () => {
    expect(searchesOf({ searches: [{ name: 'a', search: 'q=1' }, { name: 3 }, null] })).toEqual([{ name: 'a', search: 'q=1' }])
    for (const bad of [undefined, {}, { searches: 'x' }]) expect(searchesOf(bad)).toEqual([])
  })
})
