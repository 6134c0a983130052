import { useCallback, useMemo } from 'react'
import { useSearchParams } from 'react-router'

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
const PAGES: [pattern: RegExp, taken: Taken][] = [
  [/^\/$/, ALL],
  [/^\/cluster$/, ALL],
  [/^\/nodes$/, ALL],
  [/^\/nodes\/[^/]+$/, { filters: ['app', 'user'] }],
  [/^\/gpus$/, ALL],
  [/^\/gpus\/[^/]+$/, { filters: [] }],
  // The ledger books by person and application, not by machine.
  [/^\/people$/, { filters: ['app', 'user'] }],
  [/^\/people\/[^/]+$/, { filters: ['app'] }],
  [/^(\/p\/[^/]+)?\/alerts$/, ALL],
  [/^(\/p\/[^/]+)?\/explore$/, { ...ALL, offers: true }],
  [/^(\/p\/[^/]+)?\/(logs|events)$/, ALL],
  // Spans say their pod, not its machine.
  [/^(\/p\/[^/]+)?\/(traces|map)$/, { filters: ['app', 'user'] }],
  [/^(\/p\/[^/]+)?\/traces\/[^/]+$/, { filters: [] }],
  [/^\/p\/[^/]+\/apps$/, ALL],
  [/^\/p\/[^/]+\/apps\/[^/]+$/, { filters: ['user', 'node'] }],
]

/** Undefined on pages that are not of observation. */
export const takenBy = (path: string): Taken | undefined => PAGES.find(([pattern]) => pattern.test(path))?.[1]
