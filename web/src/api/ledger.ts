import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import type { Range } from '../components/range'
import { query, request } from './http'

/** The ledger of use: booked from the final counters of each container, so that nothing is too short to count. */
const BASE = '/api/ledger'
const REFRESH_MS = 15_000
const PAGE = 50

export interface Totals {
  cpuHours: number
  memoryGiBHours: number
  acceleratorHours: number
  accelerators: { resource: string; model: string; hours: number }[]
  /** In the price list's currency; absent without one. */
  cost?: number
}
export interface Group extends Totals {
  /** Empty: what belongs to nobody. */
  name: string
  project?: string
  jobs: number
  runs: number
}
export interface Used {
  currency?: string
  total: Group
  items: Group[]
}
export interface Series {
  name: string
  project?: string
  points: ({ time: string } & Totals)[]
}
export interface Entry extends Totals {
  id: string
  project: string
  app: string
  user: string
  kind: string
  object: string
  pod: string
  container: string
  attempt: number
  started: string
  ended?: string
  seconds: number
  exitCode?: number
  reason: string
  complete: boolean
}
interface Page {
  currency?: string
  items: Entry[]
  next?: string
}

export type By = 'person' | 'application' | 'project' | 'workspace' | 'kind'
export interface Only {
  user?: string
  app?: string
  project?: string
}

export interface AcceleratorPrice {
  resource: string
  model?: string
  hour: number
}
export interface Period {
  from?: string
  cpuHour: number
  memoryGiBHour: number
  accelerators: AcceleratorPrice[]
}
export interface PriceList {
  currency: string
  prices: Period[]
}
export interface Prices {
  list?: PriceList
  fault?: { field: string; reason: string; hint: string }
}

/** The page's time range as the ledger takes it. */
export function span({ seconds, end }: Range): { since: string; until?: string } {
  const time = (at: number) => new Date(at * 1000).toISOString()
  return end === undefined ? { since: `${Math.max(1, Math.round(seconds / 60))}m` } : { since: time(end - seconds), until: time(end) }
}

/** `+08:00`: days are those of the reader's clock. */
export function offsetOf(minutes: number): string {
  const pad = (value: number) => String(value).padStart(2, '0')
  const far = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${pad(Math.floor(far / 60))}:${pad(far % 60)}`
}

/** Of the reader; a summer time that begins while the page is open waits for the next visit. */
const OFFSET = offsetOf(-new Date().getTimezoneOffset())

const DAYS_FROM_SECONDS = 3 * 86_400
/** Bars of days for long times, of hours for short ones. */
export const stepOf = ({ seconds }: Range): 'hour' | 'day' => (seconds >= DAYS_FROM_SECONDS ? 'day' : 'hour')

const live = ({ end }: Range) => ({ placeholderData: keepPreviousData, refetchInterval: end === undefined ? REFRESH_MS : (false as const) })

export function useUse(by: By, range: Range, only: Only = {}) {
  const path = `${BASE}/use${query({ by, ...span(range), ...only })}`
  return useQuery({ queryKey: ['ledger', path], queryFn: ({ signal }) => request<Used>(path, { signal }), ...live(range) })
}

export function useSeries(by: By, range: Range, only: Only = {}) {
  const path = `${BASE}/series${query({ by, step: stepOf(range), offset: OFFSET, ...span(range), ...only })}`
  return useQuery({ queryKey: ['ledger', path], queryFn: async ({ signal }) => (await request<{ items: Series[] }>(path, { signal })).items, ...live(range) })
}

export function useEntries(range: Range, only: Only) {
  const words = { ...span(range), ...only, limit: PAGE }
  return useInfiniteQuery({
    queryKey: ['ledger', 'entries', words],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) => request<Page>(`${BASE}/entries${query({ ...words, before: pageParam })}`, { signal }),
    getNextPageParam: (last) => last.next,
    ...live(range),
  })
}

export const usePrices = () => useQuery({ queryKey: ['ledger', 'prices'], queryFn: ({ signal }) => request<Prices>(`${BASE}/prices`, { signal }) })
export const writePrices = (list: PriceList) => request(`${BASE}/prices`, { method: 'PUT', body: list })
export const removePrices = () => request(`${BASE}/prices`, { method: 'DELETE' })

/** Addresses of files for spreadsheets. */
export const groupsFile = (by: By, range: Range, only: Only = {}) => `${BASE}/use.csv${query({ by, ...span(range), ...only })}`
export const entriesFile = (range: Range, only: Only) => `${BASE}/entries.csv${query({ ...span(range), ...only })}`
