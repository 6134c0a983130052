/** What a person asks of the logs, in Elasticsearch's words. */

/** A field and one of its values. */
export type Pair = [field: string, value: string]

export interface LogFilter {
  namespace?: string
  app?: string
  /** Any of these pods. */
  pods?: string[]
  level?: string
  /** Query-string syntax: words, "a phrase", field:value, AND, OR, NOT, wildcards. */
  text?: string
  trace?: string
  /** Every field has one of its values here… */
  is?: Pair[]
  /** …and none of its values here. */
  not?: Pair[]
}

/** The levels that a person chooses from. */
export const LEVELS = ['error', 'warn', 'info', 'debug'] as const

/** `error` is everything that went wrong, `debug` all the chatter. */
export function severities(level: string): string[] {
  if (level === 'error') return ['error', 'fatal']
  return level === 'debug' ? ['debug', 'trace'] : [level]
}

type Clause = Record<string, unknown>

function between(from?: number, to?: number): Clause[] {
  if (from === undefined) return []
  return [{ range: { '@timestamp': { gte: new Date(from).toISOString(), ...(to && { lte: new Date(to).toISOString() }) } } }]
}

/** Values of one field are alternatives; fields narrow one another. */
function grouped(pairs: Pair[]): Clause[] {
  const values = new Map<string, string[]>()
  for (const [field, value] of pairs) values.set(field, [...(values.get(field) ?? []), value])
  return [...values].map(([field, some]) => (some.length === 1 ? { term: { [field]: some[0] } } : { terms: { [field]: some } }))
}

export function clauses(filter: LogFilter, from?: number, to?: number): Clause[] {
  const filters = between(from, to)
  if (filter.namespace) filters.push({ term: { namespace: filter.namespace } })
  if (filter.app) filters.push({ term: { app: filter.app } })
  if (filter.pods) filters.push({ terms: { pod: filter.pods } })
  if (filter.level) filters.push({ terms: { severity: severities(filter.level) } })
  if (filter.trace) filters.push({ term: { trace_id: filter.trace } })
  if (filter.text) filters.push({ query_string: { query: filter.text, default_field: 'message', default_operator: 'AND' } })
  return [...filters, ...grouped(filter.is ?? [])]
}

/** The whole question as one `bool` query. */
export function boolOf(filter: LogFilter, from?: number, to?: number): Clause {
  const not = grouped(filter.not ?? [])
  return { bool: { filter: clauses(filter, from, to), ...(not.length > 0 && { must_not: not }) } }
}
