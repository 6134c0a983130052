import { useQuery } from '@tanstack/react-query'
import { query as queryString, request } from './http'
import { boolOf, severities, type LogFilter } from './logQuery'

export { clauses, LEVELS, type LogFilter, type Pair } from './logQuery'

/** What orders a line: its time and the number of its arrival, as the server gave them. */
export type SortValue = string | number | null

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
  node?: string
  app?: string
  user?: string
  workspace?: string
  trace_id?: string
  span_id?: string
  /** Whatever else the program said, by name. */
  fields?: Record<string, unknown>
  /** Where the line lies; pages go on from here. */
  sort?: SortValue[]
}

export interface Hit {
  _id?: string
  _source: LogLine
  sort?: SortValue[]
}
export const lineOf = ({ _id, _source, sort }: Hit): LogLine => ({ ..._source, ...(_id !== undefined && { _id }), ...(sort && { sort }) })

interface Bucket {
  key: string | number
  doc_count: number
  severity?: { buckets?: Bucket[] }
}
interface SearchAnswer {
  hits: { total?: number | { value: number }; hits: Hit[] }
  aggregations?: Record<string, { buckets: Bucket[]; sum_other_doc_count?: number }>
}

/** Events of Kubernetes lie in an index of their own; everything else is logs. A pattern may match nothing, a name may not. */
export const LOGS = '*,-events*'
export const EVENTS_INDEX = 'events*'

export function search(index: string, body: unknown, signal?: AbortSignal): Promise<SearchAnswer> {
  return request<SearchAnswer>(`/elasticsearch/${index}/_search`, { method: 'POST', body, ...(signal && { signal }) })
}

/** By time to the nanosecond, then by arrival, so that a page goes on exactly where the last one ended. */
export const inOrder = (order: 'asc' | 'desc') => [{ '@timestamp': { order, format: 'strict_date_optional_time_nanos' } }, { _seq_no: order }]

export interface LogPage {
  lines: LogLine[]
  total: number
  /** Counts by level; lines that name none are under the empty word. */
  histogram: { time: number; counts: Record<string, number> }[]
}

export interface LogWindow {
  /** Milliseconds since the epoch, both included. */
  from: number
  to: number
}

interface Wanted {
  filter: LogFilter
  window: LogWindow
  size: number
  index?: string
  /** Only lines older than the one that this sorts. */
  after?: SortValue[] | undefined
}

const BARS = 60

/** Milliseconds of one step of a histogram: whole seconds, so that steps lie where the server's do. */
export const stepOf = ({ from, to }: LogWindow): number => Math.max(1, Math.ceil((to - from) / 1000 / BARS)) * 1000

/** One page, newest first; the first page also counts. */
export async function searchPage({ filter, window, size, index = LOGS, after }: Wanted, signal?: AbortSignal): Promise<LogPage> {
  const answer = await search(index, {
    size,
    sort: inOrder('desc'),
    query: boolOf(filter, window.from, window.to),
    ...(after ? { search_after: after, track_total_hits: false } : {
      track_total_hits: true,
      aggs: {
        time: {
          date_histogram: { field: '@timestamp', fixed_interval: `${stepOf(window) / 1000}s`, min_doc_count: 1 },
          aggs: { severity: { terms: { field: 'severity', size: 8 } } },
        },
      },
    }),
  }, signal)
  return { lines: answer.hits.hits.map(lineOf), total: totalOf(answer), histogram: (answer.aggregations?.time?.buckets ?? []).map(barOf) }
}

export function searchLogs(filter: LogFilter, from: number, to: number, size: number, signal?: AbortSignal): Promise<LogPage> {
  return searchPage({ filter, window: { from, to }, size }, signal)
}

function totalOf({ hits }: SearchAnswer): number {
  return typeof hits.total === 'number' ? hits.total : (hits.total?.value ?? hits.hits.length)
}

function barOf(bucket: Bucket): LogPage['histogram'][number] {
  const named = (bucket.severity?.buckets ?? []).map((one): [string, number] => [String(one.key).toLowerCase(), one.doc_count])
  const rest = bucket.doc_count - named.reduce((sum, [, count]) => sum + count, 0)
  return { time: Number(bucket.key), counts: { ...Object.fromEntries(named), '': Math.max(0, rest) } }
}

export interface TopValues {
  values: { value: string; count: number }[]
  /** Lines whose value is none of these. */
  others: number
}

/** The most frequent values of a field among the lines that a search finds. */
export function useTopValues(field: string, filter: LogFilter, window: LogWindow, size: number, options: { index?: string; enabled?: boolean } = {}) {
  const { index = LOGS, enabled = true } = options
  return useQuery({
    queryKey: ['log-values', index, field, filter, window, size],
    staleTime: 30_000,
    enabled,
    queryFn: async ({ signal }): Promise<TopValues> => {
      const answer = await search(index, { size: 0, query: boolOf(filter, window.from, window.to), aggs: { values: { terms: { field, size } } } }, signal)
      const found = answer.aggregations?.values
      return { values: (found?.buckets ?? []).map((one) => ({ value: String(one.key), count: one.doc_count })), others: found?.sum_other_doc_count ?? 0 }
    },
  })
}

/** Lines of the same container right before and right after `line`, oldest first. */
export async function around(line: LogLine, count: number, signal?: AbortSignal): Promise<{ before: LogLine[]; after: LogLine[] }> {
  const stream = (['namespace', 'pod', 'container'] as const).flatMap((field) => (line[field] ? [{ term: { [field]: line[field] } }] : []))
  const side = async (order: 'asc' | 'desc') => {
    const answer = await search(LOGS, { size: count, track_total_hits: false, sort: inOrder(order), search_after: line.sort, query: { bool: { filter: stream } } }, signal)
    return answer.hits.hits.map(lineOf)
  }
  const [before, after] = await Promise.all([side('desc'), side('asc')])
  return { before: before.toReversed(), after }
}

/**
 * Address of the live tail: server-sent events, one hit each. The last `lines`
 * since `from` come first; a reconnect goes on where it broke off.
 */
export function tailAddress(filter: LogFilter, from: number, lines: number): string {
  const { is = [], not = [] } = filter
  const further = is.length || not.length ? JSON.stringify(boolOf({ is, not })) : undefined
  return `/elasticsearch/_tail${queryString({
    q: filter.text,
    query: further,
    index: LOGS,
    namespace: filter.namespace,
    app: filter.app,
    pod: filter.pods?.join(','),
    severity: filter.level ? severities(filter.level).join(',') : undefined,
    trace_id: filter.trace,
    since: new Date(from).toISOString(),
    lines,
  })}`
}
