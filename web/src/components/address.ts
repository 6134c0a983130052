import { useCallback } from 'react'
import { useSearchParams } from 'react-router'

/** The query as the address has it now: what React has drawn may be older, and two quick changes would lose one. */
const current = () => new URLSearchParams(window.location.search)

/** One value of the address's query; writing the default removes it. */
export function useAddress(name: string, fallback = ''): [string, (value: string) => void] {
  const [search, setSearch] = useSearchParams()
  const set = useCallback(
    (value: string) =>
      setSearch(
        () => {
          const next = current()
          if (value === fallback || value === '') next.delete(name)
          else next.set(name, value)
          return next
        },
        { replace: true },
      ),
    [setSearch, name, fallback],
  )
  return [search.get(name) ?? fallback, set]
}

export const SINCE = ['15m', '1h', '6h', '24h', '7d', '30d'] as const
export type Since = (typeof SINCE)[number]
const SECONDS: Record<Since, number> = { '15m': 900, '1h': 3600, '6h': 21_600, '24h': 86_400, '7d': 604_800, '30d': 2_592_000 }
const REMEMBERED = 'dais.since'

/** The one time range: in the address when chosen, else the last one of this tab. */
export function useSince(): { since: Since; seconds: number; choose: (since: string) => void } {
  const [search, setSearch] = useSearchParams()
  const given = search.get('since') ?? sessionStorage.getItem(REMEMBERED)
  const since = SINCE.find((one) => one === given) ?? '1h'
  const choose = useCallback(
    (next: string) => {
      sessionStorage.setItem(REMEMBERED, next)
      setSearch(
        () => {
          const changed = current()
          changed.set('since', next)
          // A range that was drawn on a chart ends.
          changed.delete('between')
          return changed
        },
        { replace: true },
      )
    },
    [setSearch],
  )
  return { since, seconds: SECONDS[since], choose }
}
