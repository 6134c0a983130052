import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { ApiError, query as queryString, request } from './http'

export interface Tag {
  key: string
  value: string | number | boolean
}
export interface Reference {
  refType: string
  traceID?: string
  spanID: string
}
/** A span as Jaeger's query API gives it: times in microseconds. */
export interface Span {
  traceID: string
  spanID: string
  operationName: string
  references?: Reference[]
  startTime: number
  duration: number
  tags?: Tag[]
  /** What the program noted while it ran. */
  logs?: { timestamp: number; fields: Tag[] }[]
  processID: string
  warnings?: string[] | null
}
export interface Trace {
  traceID: string
  spans: Span[]
  processes: Record<string, { serviceName: string; tags?: Tag[] }>
}

/** Tags that dais, or OpenTelemetry, gives spans. */
export const TAGS = { namespace: 'k8s.namespace.name', pod: 'k8s.pod.name', app: 'dais.app', user: 'dais.user' } as const

interface Answer<T> {
  data: T | null
}

const get = async <T>(path: string, signal: AbortSignal): Promise<T | null> => (await request<Answer<T>>(`/jaeger/api/${path}`, { signal })).data

export function useTraceServices() {
  return useQuery({
    queryKey: ['jaeger', 'services'],
    staleTime: 15_000,
    queryFn: async ({ signal }) => ((await get<string[]>('services', signal)) ?? []).toSorted(),
  })
}

export function useOperations(service: string) {
  return useQuery({
    queryKey: ['jaeger', 'operations', service],
    staleTime: 15_000,
    enabled: service !== '',
    queryFn: async ({ signal }) => ((await get<string[]>(`services/${encodeURIComponent(service)}/operations`, signal)) ?? []).toSorted(),
  })
}

export interface TraceFilter {
  project?: string | undefined
  /** Empty: any. */
  service: string
  operation?: string
  app?: string
  user?: string
  tags?: Record<string, string>
  /** `10ms`, `1.5s`. */
  shortest?: string
  longest?: string
  errors?: boolean
  /** How long the time range is … */
  seconds: number
  /** … and when it ends, in seconds since the epoch; now when absent. */
  end?: number | undefined
}

export const LIMIT = 200
const REFRESH_MS = 10_000
/** Jaeger searches one service at a time; so many are asked when none is chosen. */
const SERVICES = 12

/** The tags that a filter asks for; one span of a trace has all of them. */
export function tagsOf({ project, app, user, errors, tags }: TraceFilter): Record<string, string> {
  return { ...tags, ...(project && { [TAGS.namespace]: project }), ...(app && { [TAGS.app]: app }), ...(user && { [TAGS.user]: user }), ...(errors && { error: 'true' }) }
}

export function searchAddress(filter: TraceFilter, end: number): string {
  const tags = tagsOf(filter)
  return `traces${queryString({
    service: filter.service, operation: filter.operation, limit: LIMIT, start: end - filter.seconds * 1e6, end,
    minDuration: filter.shortest, maxDuration: filter.longest, tags: Object.keys(tags).length ? JSON.stringify(tags) : undefined,
  })}`
}

/** The newest traces; where a service must be named, the first few services are asked one by one. */
async function search(filter: TraceFilter, signal: AbortSignal): Promise<Trace[]> {
  const end = Math.round(filter.end === undefined ? Date.now() * 1000 : filter.end * 1e6)
  try {
    return (await get<Trace[]>(searchAddress(filter, end), signal)) ?? []
  } catch (error) {
    if (filter.service || !(error instanceof ApiError && error.status === 400 && /service/.test(error.message))) throw error
  }
  const services = ((await get<string[]>('services', signal)) ?? []).slice(0, SERVICES)
  const found = await Promise.all(services.map((service) => get<Trace[]>(searchAddress({ ...filter, service }, end), signal)))
  return [...new Map(found.flatMap((some) => some ?? []).map((trace) => [trace.traceID, trace])).values()]
}

export function useTraces(filter: TraceFilter) {
  return useQuery({
    queryKey: ['jaeger', 'traces', filter],
    refetchInterval: REFRESH_MS,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => search(filter, signal),
  })
}

export function useTrace(id: string) {
  return useQuery({
    queryKey: ['jaeger', 'trace', id],
    enabled: id !== '',
    queryFn: async ({ signal }) => {
      try {
        return (await get<Trace[]>(`traces/${encodeURIComponent(id)}`, signal))?.[0] ?? null
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null
        throw error
      }
    },
  })
}

export interface Traffic {
  requests: number
  rate: number
  errors: number
  errorShare: number
  /** Microseconds. */
  p50: number
  p95: number
}
export interface ServiceMap {
  /** Traffic is known where the back end measures it. */
  services: { service: string; traffic?: Traffic }[]
  calls: { parent: string; child: string; count: number; traffic?: Traffic }[]
  /** Milliseconds; later than asked for where there were too many spans. */
  start?: number
  limited: boolean
}

interface RichMap {
  start: number
  limited: boolean
  services: ({ service: string } & Traffic)[]
  calls: ({ parent: string; child: string } & Traffic)[]
}

type MapRange = Pick<TraceFilter, 'seconds' | 'end'>

/** Who called whom: measured where the back end does, else counted as Jaeger counts. */
async function serviceMap({ seconds, end: until }: MapRange, signal: AbortSignal): Promise<ServiceMap> {
  const end = Math.round(until === undefined ? Date.now() : until * 1000)
  try {
    const rich = await get<RichMap>(`map${queryString({ start: (end - seconds * 1000) * 1000, end: end * 1000 })}`, signal)
    if (rich) {
      return {
        start: rich.start / 1000, limited: rich.limited,
        services: rich.services.map((one) => ({ service: one.service, traffic: one })),
        calls: rich.calls.map((one) => ({ parent: one.parent, child: one.child, count: one.requests, traffic: one })),
      }
    }
  } catch (error) {
    if (!(error instanceof ApiError && (error.status === 404 || error.status === 405))) throw error
  }
  const calls = (await get<{ parent: string; child: string; callCount: number }[]>(`dependencies${queryString({ endTs: end, lookback: seconds * 1000 })}`, signal)) ?? []
  const names = [...new Set(calls.flatMap(({ parent, child }) => [parent, child]))]
  return { limited: false, services: names.map((service) => ({ service })), calls: calls.map(({ callCount, ...call }) => ({ ...call, count: callCount })) }
}

export function useServiceMap(range: MapRange) {
  return useQuery({
    queryKey: ['jaeger', 'map', range.seconds, range.end],
    refetchInterval: 30_000,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => serviceMap(range, signal),
  })
}
