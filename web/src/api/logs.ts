import { useQuery } from '@tanstack/react-query'
import { query as queryString, request } from './http'

export interface LogLine {
  /** The document's own name: tells equal lines apart. */
  _id?: string
  '@timestamp': string
  message: string
  severity?: string
  stream?: string
  namespace?: string
  pod?: string
  container?: string
  app?: string
  user?: string
  trace_id?: string
}

export interface LogFilter {
  namespace?: string
  app?: string
  /** Any of these pods. */
  pods?: string[]
  level?: string
  text?: string
  trace?: string
}

/** The levels that a person chooses from. */
export const LEVELS = ['error', 'warn', 'info', 'debug'] as const

/** `error` is everything that went wrong, `debug` all the chatter. */
function severities(level: string): string[] {
  if (level === 'error') return ['error', 'fatal']
  return level === 'debug' ? ['debug', 'trace'] : [level]
}

type Clause = Record<string, unknown>

export function clauses(filter: LogFilter, from: number, to?: number): Clause[] {
  const filters: Clause[] = [
    { range: { '@timestamp': { gte: new Date(from).toISOString(), ...(to && { lte: new Date(to).toISOString() }) } } },
  ]
  if (filter.namespace) filters.push({ term: { namespace: filter.namespace } })
  if (filter.app) filters.push({ term: { app: filter.app } })
  if (filter.pods) filters.push({ terms: { pod: filter.pods } })
  if (filter.level) filters.push({ terms: { severity: severities(filter.level) } })
  if (filter.trace) filters.push({ term: { trace_id: filter.trace } })
  if (filter.text) filters.push({ query_string: { query: filter.text, default_field: 'message', default_operator: 'AND' } })
  return filters
}

interface Bucket {
  key: string | number
  doc_count: number
}
export interface Hit {
  _id?: string
  _source: LogLine
}
export const lineOf = (hit: Hit): LogLine => (hit._id ? { ...hit._source, _id: hit._id } : hit._source)

interface SearchAnswer {
  hits: { total?: number | { value: number }; hits: Hit[] }
  aggregations?: Record<string, { buckets: (Bucket & Record<string, { buckets?: Bucket[] }>)[] }>
}

export interface LogPage {
  lines: LogLine[]
  total: number
  /** Counts by level; lines that name none are under the empty word. */
  histogram: { time: number; counts: Record<string, number> }[]
}

const BARS = 60

export async function searchLogs(filter: LogFilter, from: number, to: number, size: number, signal?: AbortSignal): Promise<LogPage> {
  const seconds = Math.max(1, Math.ceil((to - from) / 1000 / BARS))
  const answer = await request<SearchAnswer>('/elasticsearch/_search', {
    method: 'POST',
    ...(signal && { signal }),
    body: {
      size,
      track_total_hits: true,
      sort: [{ '@timestamp': 'desc' }, { _seq_no: 'desc' }],
      query: { bool: { filter: clauses(filter, from, to) } },
      aggs: {
        time: {
          date_histogram: { field: '@timestamp', fixed_interval: `${seconds}s`, min_doc_count: 0 },
          aggs: { severity: { terms: { field: 'severity', size: 8 } } },
        },
      },
    },
  })
  const { total } = answer.hits
  return {
    lines: answer.hits.hits.map(lineOf),
    total: typeof total === 'number' ? total : (total?.value ?? answer.hits.hits.length),
    histogram: (answer.aggregations?.time?.buckets ?? []).map((bucket) => {
      const named = (bucket.severity?.buckets ?? []).map((one): [string, number] => [String(one.key).toLowerCase(), one.doc_count])
      const rest = bucket.doc_count - named.reduce((sum, [, count]) => sum + count, 0)
      return { time: Number(bucket.key), counts: { ...Object.fromEntries(named), '': Math.max(0, rest) } }
    }),
  }
}

/** Values of a field within a project, for the filter boxes. */
export function useLogValues(field: 'app' | 'pod', filter: LogFilter, seconds: number) {
  return useQuery({
    queryKey: ['log-values', field, filter, seconds],
    staleTime: 30_000,
    queryFn: async ({ signal }) => {
      const answer = await request<SearchAnswer>('/elasticsearch/_search', {
        method: 'POST',
        signal,
        body: {
          size: 0,
          query: { bool: { filter: clauses(filter, Date.now() - seconds * 1000) } },
          aggs: { values: { terms: { field, size: 100 } } },
        },
      })
      return (answer.aggregations?.values?.buckets ?? []).map((bucket) => String(bucket.key)).toSorted()
    },
  })
}

/**
 * Address of the live tail: server-sent events, one hit each. The last `lines`
 * since `from` come first; a reconnect goes on where it broke off.
 */
export function tailAddress(filter: LogFilter, from: number, lines: number): string {
  return `/elasticsearch/_tail${queryString({
    q: filter.text,
    namespace: filter.namespace,
    app: filter.app,
    pod: filter.pods?.join(','),
    severity: filter.level ? severities(filter.level).join(',') : undefined,
    trace_id: filter.trace,
    since: new Date(from).toISOString(),
    lines,
  })}`
}
