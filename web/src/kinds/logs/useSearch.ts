import { useCallback, useMemo } from 'react'
import { useParams, useSearchParams } from 'react-router'
import type { LogFilter, LogWindow, Pair } from '../../api/logs'

/** Fields that have a word of their own in the address: `app=digits`. */
const OWN: Record<string, string> = { app: 'app', user: 'user', node: 'node', pod: 'pod', trace_id: 'trace' }
/** What makes a search; the rest of the address is how it is looked at. */
const PARTS = ['q', 'app', 'user', 'node', 'pod', 'level', 'trace', 'is', 'not', 'between', 'since'] as const

export interface LogSearch {
  /** Undefined across all projects. */
  project: string | undefined
  filter: LogFilter
  text: string
  live: boolean
  /** Chosen in the histogram or by a link; otherwise the time range of the frame. */
  fixed: LogWindow | undefined
  /** Fields shown beside the message. */
  columns: string[]
  set: (name: string, value: string) => void
  add: (field: string, value: string, out?: boolean) => void
  drop: (field: string, value: string, out?: boolean) => void
  between: (window: LogWindow | undefined) => void
  toggleColumn: (field: string) => void
  /** The search as part of an address. */
  address: string
  /** Takes another search's part of an address. */
  open: (address: string) => void
}

export const pairOf = (text: string): Pair => {
  const cut = text.indexOf(':')
  return cut < 0 ? [text, ''] : [text.slice(0, cut), text.slice(cut + 1)]
}

function windowOf(text: string | null): LogWindow | undefined {
  const [from, to] = (text ?? '').split('-').map(Number)
  return from && to && to >= from ? { from, to } : undefined
}

export function filterOf(address: URLSearchParams, project: string | undefined): LogFilter {
  const get = (name: string) => address.get(name) ?? ''
  const is = [...(['user', 'node'] as const).filter(get).map((name): Pair => [name, get(name)]), ...address.getAll('is').map(pairOf)]
  const not = address.getAll('not').map(pairOf)
  return {
    ...(project && { namespace: project }), ...(get('app') && { app: get('app') }), ...(get('pod') && { pods: [get('pod')] }), ...(get('level') && { level: get('level') }),
    ...(get('q') && { text: get('q') }), ...(get('trace') && { trace: get('trace') }), ...(is.length > 0 && { is }), ...(not.length > 0 && { not }),
  }
}

function without(address: URLSearchParams, name: string, value: string): void {
  const others = address.getAll(name).filter((one) => one !== value)
  address.delete(name)
  for (const one of others) address.append(name, one)
}

/** One search, one address. `standard` are the columns shown unless the address says otherwise. */
export function useLogSearch(standard: readonly string[]): LogSearch {
  const { project } = useParams()
  const [address, setAddress] = useSearchParams()
  const change = useCallback((edit: (next: URLSearchParams) => void, replace = true) => {
    // The address itself, not what was last drawn: two quick changes must not undo one another.
    const next = new URLSearchParams(location.search)
    edit(next)
    setAddress(next, { replace })
  }, [setAddress])
  const words = address.toString()
  return useMemo(() => {
    const given = new URLSearchParams(words)
    const shown = given.get('columns')
    const columns = shown === null ? [...standard] : shown.split(',').filter(Boolean)
    const put = (next: URLSearchParams, name: string, value: string) => (value ? next.set(name, value) : next.delete(name))
    const part = new URLSearchParams([...given].filter(([name]) => PARTS.some((one) => one === name)))
    return {
      project, columns, live: given.get('live') === '1', text: given.get('q') ?? '', filter: filterOf(given, project), fixed: windowOf(given.get('between')), address: part.toString(),
      set: (name, value) => change((next) => put(next, name, value)),
      add: (field, value, out = false) => change((next) => {
        const own = OWN[field]
        if (own && !out && !next.has(own)) return next.set(own, value)
        without(next, out ? 'is' : 'not', `${field}:${value}`)
        without(next, out ? 'not' : 'is', `${field}:${value}`)
        next.append(out ? 'not' : 'is', `${field}:${value}`)
      }, false),
      drop: (field, value, out = false) => change((next) => {
        const own = OWN[field]
        if (own && !out && next.get(own) === value) next.delete(own)
        without(next, out ? 'not' : 'is', `${field}:${value}`)
      }),
      between: (window) => change((next) => put(next, 'between', window ? `${window.from}-${window.to}` : ''), false),
      toggleColumn: (field) => change((next) => next.set('columns', (columns.includes(field) ? columns.filter((one) => one !== field) : [...columns, field]).join(','))),
      open: (other) => change((next) => {
        for (const name of PARTS) next.delete(name)
        for (const [name, value] of new URLSearchParams(other)) next.append(name, value)
      }, false),
    } satisfies LogSearch
  }, [words, project, standard, change])
}
