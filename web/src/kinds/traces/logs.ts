import { TAGS, type Span, type Trace } from '../../api/traces'
import { at } from '../../frame/useProject'
import { attribute, extent } from './shape'

/** Lines are written a little before or after the span that they belong to. */
const SLACK_MS = 2000
/** A trace's own lines name it, so that the time may be generous. */
const AROUND_MS = 300_000

const logsAt = (project: string | undefined) => (project ? at(project, 'logs') : '/logs')
const between = (from: number, to: number) => `${Math.floor(from)}-${Math.ceil(to)}`

/** The log lines that name this trace. */
export function logsOfTrace(project: string | undefined, trace: Trace): string {
  const [begin, end] = extent(trace)
  return `${logsAt(project)}?${new URLSearchParams({ trace: trace.traceID, between: between(begin / 1000 - AROUND_MS, end / 1000 + AROUND_MS) })}`
}

/** The log lines that name this span. */
export function logsOfSpan(project: string | undefined, trace: Trace, span: Span): string {
  return `${logsOfTrace(project, trace)}&${new URLSearchParams({ is: `span_id:${span.spanID}` })}`
}

/** What the pod of a span wrote while the span ran; undefined where the span names no pod. */
export function logsOfPod(trace: Trace, span: Span): string | undefined {
  const pod = attribute(trace, span, TAGS.pod)
  const namespace = attribute(trace, span, TAGS.namespace)
  if (!pod) return undefined
  const window = between(span.startTime / 1000 - SLACK_MS, (span.startTime + span.duration) / 1000 + SLACK_MS)
  return `${logsAt(namespace)}?${new URLSearchParams({ pod, between: window })}`
}
