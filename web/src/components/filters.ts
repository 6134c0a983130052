import { useCallback, useMemo } from 'react'
import { useLocation, useSearchParams } from 'react-router'

/** What narrows every page of observation: an application, a person, a machine. They stand in the address. */
export const FILTERS = ['app', 'user', 'node'] as const
export type Filter = (typeof FILTERS)[number]
/** Empty: not narrowed. */
export type Filters = Record<Filter, string>

export const NOTHING: Filters = { app: '', user: '', node: '' }

export const filtersOf = (search: URLSearchParams): Filters => ({ app: search.get('app') ?? '', user: search.get('user') ?? '', node: search.get('node') ?? '' })
export const isNarrowed = ({ app, user, node }: Filters): boolean => Boolean(app || user || node)

export function useFilters(): Filters {
  const [search] = useSearchParams()
  return useMemo(() => filtersOf(search), [search])
}

/** Takes one filter away from the address as it is now. */
export function useUnfilter(): (name: Filter) => void {
  const [, setSearch] = useSearchParams()
  return useCallback(
    (name) =>
      setSearch(() => {
        const next = new URLSearchParams(window.location.search)
        next.delete(name)
        return next
      }),
    [setSearch],
  )
}

/** How a page of observation takes each filter: those that are not here narrow nothing there. */
export interface Taken {
  filters: readonly Filter[]
  /** Whoever asks writes the question: the filters only help with it. */
  offers?: boolean
}

const ALL: Taken = { filters: FILTERS }
const NONE: Taken = { filters: [] }
const PAGES: [pattern: RegExp, taken: Taken, views?: Record<string, Taken>][] = [
  [/^\/$/, ALL],
  [/^\/cluster$/, ALL],
  [/^\/nodes$/, ALL],
  [/^\/nodes\/[^/]+$/, { filters: ['app', 'user'] }],
  [/^\/gpus$/, ALL],
  [/^\/gpus\/[^/]+$/, NONE],
  // The ledger books by person and application, not by machine.
  [/^\/people$/, { filters: ['app', 'user'] }],
  [/^\/people\/[^/]+$/, { filters: ['app'] }],
  // Receivers are told of everybody's alerts.
  [/^(\/p\/[^/]+)?\/alerts$/, ALL, { receivers: NONE }],
  [/^(\/p\/[^/]+)?\/explore$/, { ...ALL, offers: true }],
  [/^(\/p\/[^/]+)?\/(logs|events)$/, ALL],
  // Spans say their pod, not its machine.
  [/^(\/p\/[^/]+)?\/(traces|map)$/, { filters: ['app', 'user'] }],
  [/^(\/p\/[^/]+)?\/traces\/[^/]+$/, NONE],
  [/^\/p\/[^/]+\/apps$/, ALL],
  [/^\/p\/[^/]+\/apps\/[^/]+$/, { filters: ['user', 'node'] }],
]

/** Undefined on pages that are not of observation. Views are a page's tabs, as the address names them. */
export function takenBy(path: string, view = ''): Taken | undefined {
  const page = PAGES.find(([pattern]) => pattern.test(path))
  return page?.[2]?.[view] ?? page?.[1]
}

/** How the page that is open takes each filter. */
export function useTaken(): Taken | undefined {
  const { pathname } = useLocation()
  const [search] = useSearchParams()
  return takenBy(pathname, search.get('view') ?? '')
}
