import { describe, expect, it } from 'vitest'
import { searchAddress, tagsOf, type Span, type Trace } from '../../api/traces'
import { compared } from './compare'
import { logsOfPod, logsOfSpan, logsOfTrace } from './logs'
import { scaleOf } from './scale'
import { isDuration, parsedTags, summaryOf } from './shape'
import { totalsOf } from './totals'
import { criticalPath, ordered, selfTimes, unfolded } from './waterfall'

const span = (spanID: string, parent: string, startTime: number, duration = 1, more: Partial<Span> = {}): Span => ({
  traceID: 't', spanID, operationName: spanID, startTime, duration, processID: 'p', references: parent ? [{ refType: 'CHILD_OF', spanID: parent }] : [], ...more,
})
const trace = (...spans: Span[]): Trace => ({ traceID: 't', spans, processes: { p: { serviceName: 'one', tags: [{ key: 'k8s.pod.name', value: 'pod-0' }, { key: 'k8s.namespace.name', value: 'red' }] }, q: { serviceName: 'two' } } })

describe('a waterfall', () => {
  const spans = [span('c', 'a', 3), span('b', 'a', 2), span('a', '', 1), span('lost', 'gone', 4), span('d', 'b', 5)]
  it('has parents before children, and loses no span', () => {
    expect(ordered(trace(...spans)).map(({ span: { spanID }, depth, below }) => `${spanID}${depth}${below}`)).toEqual(['a03', 'b11', 'd20', 'c10', 'lost00'])
  })
  it('hides what stands below a folded span', () => {
    expect(unfolded(ordered(trace(...spans)), new Set(['b', 'lost'])).map((one) => one.span.spanID)).toEqual(['a', 'b', 'c', 'lost'])
  })
  it('takes a circle and a great depth', () => {
    expect(ordered(trace(span('a', 'b', 1), span('b', 'a', 2))).map(({ span: { spanID }, depth }) => `${spanID}${depth}`)).toEqual(['a0', 'b1'])
    const deep = Array.from({ length: 20_000 }, (_, index) => span(String(index), index ? String(index - 1) : '', index))
    expect(ordered(trace(...deep)).at(-1)?.depth).toBe(19_999)
  })
})

describe('where time goes', () => {
  const whole = trace(span('a', '', 0, 100), span('b', 'a', 10, 30), span('c', 'a', 20, 50), span('d', 'c', 30, 20), span('late', 'a', 90, 50))
  it('leaves to a span what none of its children took, overlaps once', () => {
    expect(Object.fromEntries(selfTimes(whole))).toEqual({ a: 30, b: 30, c: 30, d: 20, late: 50 })
  })
  it('counts a moment once, however many children share it', () => {
    expect(selfTimes(trace(span('a', '', 0, 100), span('b', 'a', 10, 50), span('c', 'a', 20, 10), span('d', 'a', 40, 30))).get('a')).toBe(40)
  })
  it('is summed by operation', () => {
    const twice = trace(span('a', '', 0, 10), span('x', 'a', 0, 3, { operationName: 'read' }), span('y', 'a', 5, 3, { operationName: 'read' }))
    expect(totalsOf(twice)).toEqual([{ service: 'one', operation: 'a', count: 1, self: 4 }, { service: 'one', operation: 'read', count: 2, self: 6 }])
  })
  it('leads from the end back through whatever ended last', () => {
    const path = criticalPath(trace(span('a', '', 0, 100), span('b', 'a', 10, 30), span('c', 'a', 20, 50), span('d', 'c', 30, 20)))
    expect(Object.fromEntries(path)).toEqual({
      a: [{ from: 70, to: 100 }, { from: 0, to: 10 }], c: [{ from: 50, to: 70 }, { from: 20, to: 30 }], d: [{ from: 30, to: 50 }], b: [{ from: 10, to: 20 }],
    })
  })
})

describe('two traces', () => {
  it('match by service and operation, level by level', () => {
    const a = trace(span('a', '', 0, 10), span('x', 'a', 1, 2, { operationName: 'read' }), span('y', 'a', 4, 2, { operationName: 'read' }), span('z', 'y', 5, 1))
    const b = trace(span('a', '', 0, 15), span('x', 'a', 1, 5, { operationName: 'read' }), span('w', 'a', 4, 2, { processID: 'q', operationName: 'read' }))
    expect(compared(a, b).map((row) => [row.depth, row.service, row.operation, row.a?.spanID, row.b?.spanID, row.difference])).toEqual([
      [0, 'one', 'a', 'a', 'a', 5], [1, 'one', 'read', 'x', 'x', 3], [1, 'one', 'read', 'y', undefined, undefined], [2, 'one', 'z', 'z', undefined, undefined], [1, 'two', 'read', undefined, 'w', undefined],
    ])
  })
})

describe('a trace in a few words', () => {
  it('names its root, its services and what went wrong', () => {
    expect(summaryOf(trace(span('a', '', 1_000_000, 500_000), span('b', 'a', 1_200_000, 800_000, { processID: 'q', tags: [{ key: 'error', value: true }] })))).toEqual({
      id: 't', name: 'a', service: 'one', start: 1000, took: 1, spans: 2, errors: 1, services: [['one', 1], ['two', 1]],
    })
  })
  it('takes no span of another trace for a parent', () => {
    const linked = trace(span('a', '', 0, 1, { references: [{ refType: 'FOLLOWS_FROM', traceID: 'other', spanID: 'a' }, { refType: 'CHILD_OF', traceID: 'other', spanID: 'b' }] }), span('b', 'a', 1))
    expect(summaryOf(linked).name).toBe('a')
    expect(ordered(linked).map((one) => one.depth)).toEqual([0, 1])
  })
  it('leads to its lines, to those of a span, and to those of the pod at that time', () => {
    const whole = trace(span('a', '', 1_000_000_000, 500_000))
    expect(logsOfTrace('red', whole)).toBe('/p/red/logs?trace=t&between=700000-1300500')
    expect(logsOfSpan(undefined, whole, span('a', '', 1))).toBe('/logs?trace=t&between=700000-1300500&is=span_id%3Aa')
    expect(logsOfPod(whole, span('a', '', 1_000_000_000, 500_000))).toBe('/p/red/logs?pod=pod-0&between=998000-1002500')
    expect(logsOfPod(whole, span('a', '', 1, 1, { processID: 'q' }))).toBeUndefined()
  })
})

describe('a search for traces', () => {
  it('reads tags as people write them', () => {
    expect(parsedTags('http.status=503 db.statement="select 1" user:u-1 stray')).toEqual({ 'http.status': '503', 'db.statement': 'select 1', user: 'u-1' })
  })
  it('knows a duration', () => {
    expect(['10ms', '1.5s', '1m30s', '250µs'].every(isDuration)).toBe(true)
    expect(['10', 'ms', '1 s', '', '-1s'].some(isDuration)).toBe(false)
  })
  it('asks for application, person, project and errors by tags', () => {
    expect(tagsOf({ service: '', seconds: 60, project: 'red', app: 'digits', user: 'u', errors: true, tags: { a: '1' } })).toEqual({ a: '1', 'k8s.namespace.name': 'red', 'dais.app': 'digits', 'dais.user': 'u', error: 'true' })
    expect(searchAddress({ service: 'a b', seconds: 60, shortest: '1s' }, 100e6)).toBe('traces?service=a+b&limit=200&start=40000000&end=100000000&minDuration=1s')
  })
  it('is drawn between powers of ten', () => {
    expect(scaleOf([0.002, 4])).toEqual({ low: -3, high: 1, rules: [0.001, 0.01, 0.1, 1, 10] })
    expect(scaleOf([0])).toMatchObject({ low: 3, high: 4 })
  })
})
