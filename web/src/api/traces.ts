import { useQuery } from '@tanstack/react-query'
import { query as queryString, request } from './http'

export interface Tag {
  key: string
  value: string | number | boolean
}
/** A span as Jaeger's query API gives it: times in microseconds. */
export interface Span {
  traceID: string
  spanID: string
  operationName: string
  references?: { refType: string; spanID: string }[]
  startTime: number
  duration: number
  tags?: Tag[]
  processID: string
}
export interface Trace {
  traceID: string
  spans: Span[]
  processes: Record<string, { serviceName: string; tags?: Tag[] }>
}

export function useTraceServices() {
  return useQuery({
    queryKey: ['jaeger', 'services'],
    staleTime: 15_000,
    queryFn: async ({ signal }) => (await request<{ data: string[] | null }>('/jaeger/api/services', { signal })).data ?? [],
  })
}

export interface TraceFilter {
  service: string
  seconds: number
  minDuration?: string
  errors?: boolean
}

export function useTraces(filter: TraceFilter) {
  return useQuery({
    queryKey: ['jaeger', 'traces', filter],
    enabled: filter.service !== '',
    refetchInterval: 10_000,
    queryFn: async ({ signal }) => {
      const end = Date.now() * 1000
      const search = queryString({
        service: filter.service, limit: 100, end, start: end - filter.seconds * 1e6,
        minDuration: filter.minDuration, tags: filter.errors ? '{"error":"true"}' : undefined,
      })
      return (await request<{ data: Trace[] | null }>(`/jaeger/api/traces${search}`, { signal })).data ?? []
    },
  })
}

export function useTrace(id: string) {
  return useQuery({
    queryKey: ['jaeger', 'trace', id],
    queryFn: async ({ signal }) =>
      (await request<{ data: Trace[] | null }>(`/jaeger/api/traces/${encodeURIComponent(id)}`, { signal })).data?.[0] ?? null,
  })
}

export const isError = (span: Span): boolean =>
  span.tags?.some((tag) => (tag.key === 'error' && String(tag.value) === 'true') || (tag.key === 'otel.status_code' && tag.value === 'ERROR')) ?? false

export function rootOf(trace: Trace): Span | undefined {
  const known = new Set(trace.spans.map((span) => span.spanID))
  const isRoot = (span: Span) => !span.references?.some((reference) => known.has(reference.spanID))
  return trace.spans.filter(isRoot).toSorted((a, b) => a.startTime - b.startTime)[0]
}
