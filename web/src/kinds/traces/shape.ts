import type { Reference, Span, Trace } from '../../api/traces'

/** What a trace is in a few words. */
export interface Summary {
  id: string
  /** Of the span that began it. */
  name: string
  service: string
  /** Milliseconds since the epoch. */
  start: number
  /** Seconds from the first start to the last end. */
  took: number
  spans: number
  errors: number
  /** Services with their numbers of spans, most first. */
  services: [name: string, spans: number][]
}

export const tagOf = (span: Span, key: string): string | undefined => {
  const found = span.tags?.find((tag) => tag.key === key)
  return found && String(found.value)
}

export const isError = (span: Span): boolean => tagOf(span, 'error') === 'true' || tagOf(span, 'otel.status_code') === 'ERROR'

export const serviceOf = (trace: Trace, span: Span): string => trace.processes[span.processID]?.serviceName ?? ''

/** A tag of the span, else of the process that it ran in. */
export const attribute = (trace: Trace, span: Span, key: string): string | undefined => {
  const own = tagOf(span, key)
  if (own !== undefined) return own
  const found = trace.processes[span.processID]?.tags?.find((tag) => tag.key === key)
  return found && String(found.value)
}

/** Whether a reference leads to a span of the same trace. */
export const isWithin = (trace: Trace, { traceID }: Reference): boolean => traceID === undefined || traceID === trace.traceID

export function rootOf(trace: Trace): Span | undefined {
  const known = new Set(trace.spans.map((span) => span.spanID))
  const isRoot = (span: Span) => !span.references?.some((one) => isWithin(trace, one) && known.has(one.spanID))
  return trace.spans.filter(isRoot).toSorted((a, b) => a.startTime - b.startTime)[0]
}

/** First start and last end, in microseconds. */
export function extent(trace: Trace): [begin: number, end: number] {
  return trace.spans.reduce<[number, number]>(
    ([begin, end], span) => [Math.min(begin, span.startTime), Math.max(end, span.startTime + span.duration)],
    [Infinity, -Infinity],
  )
}

export function summaryOf(trace: Trace): Summary {
  const root = rootOf(trace)
  const [begin, end] = extent(trace)
  const services = new Map<string, number>()
  for (const span of trace.spans) services.set(serviceOf(trace, span), (services.get(serviceOf(trace, span)) ?? 0) + 1)
  return {
    id: trace.traceID, name: root?.operationName ?? trace.traceID, service: root ? serviceOf(trace, root) : '', start: begin / 1000, took: (end - begin) / 1e6,
    spans: trace.spans.length, errors: trace.spans.filter(isError).length, services: [...services].toSorted((a, b) => b[1] - a[1]),
  }
}

/** `a=1 "b c"="d e"` or `a:1`, as tags. */
export function parsedTags(text: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const [, key = '', plain, value = ''] of text.matchAll(/([\w.\-/]+)[=:](?:"([^"]*)"|(\S+))/g)) found[key] = plain ?? value
  return found
}

/** `10ms`, `1.5s`, `2m`: what the query API takes for a duration. */
export const isDuration = (text: string): boolean => /^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)
