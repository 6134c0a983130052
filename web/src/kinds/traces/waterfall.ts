import type { Span, Trace } from '../../api/traces'

export interface Placed {
  span: Span
  depth: number
}

/** Parents before children, children by time; a span whose parent is missing stands alone. */
export function ordered(trace: Trace): Placed[] {
  const known = new Set(trace.spans.map((span) => span.spanID))
  const children = new Map<string, Span[]>()
  for (const span of trace.spans) {
    const parent = span.references?.find((one) => one.refType === 'CHILD_OF' && known.has(one.spanID) && one.spanID !== span.spanID)?.spanID ?? ''
    children.set(parent, [...(children.get(parent) ?? []), span])
  }
  const placed: Placed[] = []
  const done = new Set<string>()
  const visit = (parent: string, depth: number) => {
    for (const span of (children.get(parent) ?? []).toSorted((a, b) => a.startTime - b.startTime)) {
      if (done.has(span.spanID)) continue
      done.add(span.spanID)
      placed.push({ span, depth })
      visit(span.spanID, depth + 1)
    }
  }
  visit('', 0)
  return placed
}
