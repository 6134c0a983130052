import type { Trace } from '../../api/traces'
import { serviceOf } from './shape'
import { selfTimes } from './waterfall'

export interface Total {
  service: string
  operation: string
  count: number
  /** Microseconds. */
  self: number
}

/** Self times summed by service and operation. */
export function totalsOf(trace: Trace): Total[] {
  const self = selfTimes(trace)
  const found = new Map<string, Total>()
  for (const span of trace.spans) {
    const service = serviceOf(trace, span)
    const key = `${service}\n${span.operationName}`
    const one = found.get(key) ?? { service, operation: span.operationName, count: 0, self: 0 }
    found.set(key, { ...one, count: one.count + 1, self: one.self + (self.get(span.spanID) ?? 0) })
  }
  return [...found.values()]
}
