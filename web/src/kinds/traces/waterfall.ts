import type { Span, Trace } from '../../api/traces'
import { isWithin } from './shape'

export interface Placed {
  span: Span
  depth: number
  /** How many spans stand below it, at any depth. */
  below: number
}

interface Tree {
  roots: Span[]
  children: Map<string, Span[]>
}

function treeOf(trace: Trace): Tree {
  const known = new Set(trace.spans.map((span) => span.spanID))
  const children = new Map<string, Span[]>()
  for (const span of trace.spans.toSorted((a, b) => a.startTime - b.startTime)) {
    const parent = span.references?.find((one) => one.refType === 'CHILD_OF' && isWithin(trace, one) && known.has(one.spanID) && one.spanID !== span.spanID)?.spanID ?? ''
    const siblings = children.get(parent)
    if (siblings) siblings.push(span)
    else children.set(parent, [span])
  }
  return { roots: children.get('') ?? [], children }
}

/** Parents before children, children by time; a span whose parent is missing stands alone. */
export function ordered(trace: Trace): Placed[] {
  const { roots, children } = treeOf(trace)
  const placed: Placed[] = []
  const done = new Set<string>()
  // A list of our own instead of recursion: a trace may be as deep as it likes.
  // Roots first; then whatever stands in a circle.
  const next = [...roots, ...trace.spans].toReversed().map((span) => ({ span, depth: 0 }))
  for (let one = next.pop(); one; one = next.pop()) {
    const { span, depth } = one
    if (done.has(span.spanID)) continue
    done.add(span.spanID)
    placed.push({ span, depth, below: 0 })
    for (const child of (children.get(span.spanID) ?? []).toReversed()) next.push({ span: child, depth: depth + 1 })
  }
  const open: Placed[] = []
  for (const one of placed) {
    while (open.length > one.depth) open.pop()
    for (const above of open) above.below += 1
    open.push(one)
  }
  return placed
}

/** Without what stands below a folded span. */
export function unfolded(placed: Placed[], folded: ReadonlySet<string>): Placed[] {
  let until = Infinity
  return placed.filter(({ span, depth }) => {
    if (depth > until) return false
    until = folded.has(span.spanID) ? depth : Infinity
    return true
  })
}

const endOf = (span: Span): number => span.startTime + span.duration

/** Microseconds in which a span worked itself: those in which no child of it ran. */
export function selfTimes(trace: Trace): Map<string, number> {
  const { children } = treeOf(trace)
  return new Map(trace.spans.map((span) => {
    let covered = 0
    let reached = span.startTime
    for (const child of children.get(span.spanID) ?? []) {
      const end = Math.min(endOf(child), endOf(span))
      covered += Math.max(0, end - Math.max(child.startTime, reached))
      reached = Math.max(reached, end)
    }
    return [span.spanID, Math.max(0, span.duration - covered)]
  }))
}

export interface Segment {
  from: number
  to: number
}

/**
 * What the end of the trace waited for: walking back from the end, always into
 * the child that ended last. By span, in microseconds.
 */
export function criticalPath(trace: Trace): Map<string, Segment[]> {
  const { roots, children } = treeOf(trace)
  const found = new Map<string, Segment[]>()
  const root = roots.toSorted((a, b) => endOf(b) - endOf(a))[0]
  const next = root ? [{ span: root, until: endOf(root) }] : []
  for (let one = next.pop(); one; one = next.pop()) {
    const { span } = one
    if (found.has(span.spanID)) continue
    const own: Segment[] = []
    let at = one.until
    for (const child of (children.get(span.spanID) ?? []).toSorted((a, b) => endOf(b) - endOf(a))) {
      const end = Math.min(endOf(child), at)
      if (child.startTime >= at || end <= span.startTime) continue
      if (end < at) own.push({ from: end, to: at })
      next.push({ span: child, until: end })
      at = Math.max(span.startTime, child.startTime)
    }
    if (at > span.startTime) own.push({ from: span.startTime, to: at })
    found.set(span.spanID, own)
  }
  return found
}
