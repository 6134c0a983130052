import { useCallback, useMemo } from 'react'
import { useSearchParams } from 'react-router'
import { useSince, type Since } from './address'
import { FILTERS } from './filters'

export interface Range {
  /** Length, in seconds. */
  seconds: number
  /** Its end in seconds since the epoch; undefined while it moves along with the clock. */
  end: number | undefined
}

/** `between=from-to` in milliseconds, as the address carries a fixed range. */
export function fixedRange(between: string | null): Range | undefined {
  const [from = Number.NaN, to = Number.NaN] = (between ?? '').split('-').map(Number)
  return Number.isFinite(from) && Number.isFinite(to) && to > from ? { seconds: (to - from) / 1000, end: to / 1000 } : undefined
}

/** A drag over less than this is a click. */
const SHORTEST_MS = 5000

/** The time range of every page of observation: the last so long, or a fixed one that was drawn on a chart. */
export function useRange(): Range & { since: Since; fixed: boolean; draw: (fromMs: number, toMs: number) => void; clear: () => void } {
  const { since, seconds } = useSince()
  const [search, setSearch] = useSearchParams()
  const between = search.get('between')
  const set = useCallback(
    (value: string) =>
      setSearch((before) => {
        const next = new URLSearchParams(before)
        if (value) next.set('between', value)
        else next.delete('between')
        return next
      }),
    [setSearch],
  )
  const draw = useCallback(
    (from: number, to: number) => {
      if (to - from >= SHORTEST_MS) set(`${Math.round(from)}-${Math.round(to)}`)
    },
    [set],
  )
  const clear = useCallback(() => set(''), [set])
  return useMemo(() => {
    const fixed = fixedRange(between)
    return { ...(fixed ?? { seconds, end: undefined }), since, fixed: fixed !== undefined, draw, clear }
  }, [between, seconds, since, draw, clear])
}

/** What goes along from one page of observation to the next. */
const TRAVELS = ['since', 'between', ...FILTERS] as const

/** Gives an address the time range and the filters of this one; what it names itself stays. */
export function travelled(to: string, search: URLSearchParams): string {
  const [path = '', own = ''] = to.split('?')
  const next = new URLSearchParams(own)
  for (const name of TRAVELS) {
    const value = search.get(name)
    if (value && !next.has(name)) next.set(name, value)
  }
  const words = next.toString()
  return words ? `${path}?${words}` : path
}

export function useTravel(): (to: string) => string {
  const [search] = useSearchParams()
  return useCallback((to: string) => travelled(to, search), [search])
}
