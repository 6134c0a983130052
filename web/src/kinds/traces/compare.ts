import type { Span, Trace } from '../../api/traces'
import { isError, serviceOf } from './shape'
import { ordered } from './waterfall'

export interface Pair {
  key: string
  service: string
  operation: string
  depth: number
  a?: Span
  b?: Span
  error: boolean
  /** Microseconds longer in `b`; only where both have it. */
  difference?: number
}

interface Branch {
  span: Span
  name: string
  below: Branch[]
}

function branches(trace: Trace): Branch[] {
  const roots: Branch[] = []
  const open: Branch[] = []
  for (const { span, depth } of ordered(trace)) {
    const branch = { span, name: `${serviceOf(trace, span)}\n${span.operationName}`, below: [] }
    open.length = depth
    ;(open.at(-1)?.below ?? roots).push(branch)
    open.push(branch)
  }
  return roots
}

/**
 * Two traces as one tree. Below spans that match, those of the same service and
 * operation match in their order; what has no match is in one trace alone, as
 * is all below it.
 */
export function compared(a: Trace, b: Trace): Pair[] {
  const rows: Pair[] = []
  const next = matched(branches(a), branches(b)).toReversed().map((pair) => ({ pair, depth: 0 }))
  for (let one = next.pop(); one; one = next.pop()) {
    const { pair: [left, right], depth } = one
    const [service = '', operation = ''] = (left ?? right)?.name.split('\n') ?? []
    rows.push({
      key: `${left?.span.spanID ?? ''}/${right?.span.spanID ?? ''}`, service, operation, depth,
      error: [left, right].some((side) => side !== undefined && isError(side.span)),
      ...(left && { a: left.span }), ...(right && { b: right.span }), ...(left && right && { difference: right.span.duration - left.span.duration }),
    })
    for (const pair of matched(left?.below ?? [], right?.below ?? []).toReversed()) next.push({ pair, depth: depth + 1 })
  }
  return rows
}

function matched(left: Branch[], right: Branch[]): [Branch | undefined, Branch | undefined][] {
  const open = new Map<string, Branch[]>()
  for (const one of right) open.set(one.name, [...(open.get(one.name) ?? []), one])
  const pairs = left.map((one): [Branch | undefined, Branch | undefined] => [one, open.get(one.name)?.shift()])
  return [...pairs, ...[...open.values()].flat().map((one): [undefined, Branch] => [undefined, one])]
}
