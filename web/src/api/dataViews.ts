import { useInfiniteQuery, useQuery, type InfiniteData, type UseInfiniteQueryResult } from '@tanstack/react-query'
import { dataBase, datasetBase, segments, type DataFile } from './data'
import { query, request } from './http'
import type { DataVersion } from './versions'

/** What files hold, how versions differ, and where a file is. */

/** A file of a version of a dataset. */
export interface Where {
  project: string
  dataset: string
  version: string
  path: string
}

/** A list that goes on where a page before ended. */
export type Paged<T> = UseInfiniteQueryResult<InfiniteData<T>>

export type Value = string | number | boolean | null

/** A bad row has a problem, and what there is of its values. */
export interface TableRow {
  row: number
  line?: number
  values: Value[]
  /** Columns whose value is shown in part. */
  cut?: number[]
  problem?: string
  raw?: string
}
export interface TablePage {
  columns: string[]
  offset: number
  rows: TableRow[]
  next: string | null
  total?: number
  table?: { delimiter: string; header: boolean; encoding: string }
}
export interface TextPage {
  encoding: string
  lines: { line: number; text: string; cut?: boolean; problem?: string }[]
  next: string | null
}
export interface Picture { mediaType: string; width?: number; height?: number; problem?: string }

interface Of<F extends string, C> { file: DataFile; verified: boolean; format: F; content: C }
type TablePreview = Of<'csv' | 'jsonl' | 'parquet', TablePage>
export type Preview = TablePreview | Of<'text', TextPage> | Of<'image', Picture> | Of<'binary', Record<string, never>>
export const isTablePreview = (one: Preview): one is TablePreview => one.format === 'csv' || one.format === 'jsonl' || one.format === 'parquet'

const at = (what: 'preview' | 'profile', { project, dataset, version, path }: Where) =>
  `${datasetBase(project, dataset)}/versions/${encodeURIComponent(version)}/${what}/${segments(path)}`
const place = ({ project, dataset, version, path }: Where) => [project, dataset, version, path]

const ROWS = 100

const nextOf = ({ content }: Preview) => ('next' in content ? (content.next as string | null) : null)

/** A file, a page at a time. */
export function usePreview(where: Where, as: string): Paged<Preview> {
  return useInfiniteQuery({
    queryKey: ['data-preview', ...place(where), as],
    staleTime: Infinity,
    retry: false,
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) => request<Preview>(`${at('preview', where)}${query({ as, limit: ROWS, cursor: pageParam })}`, { signal }),
    getNextPageParam: nextOf,
  })
}

export interface Spread {
  min: number
  max: number
  mean: number
  deviation: number
  quantiles: Record<string, number>
  quantilesExact: boolean
  histogram: Bin[]
}
export interface Bin { from: number; to: number; count: number }

export interface ProfiledColumn {
  name: string
  type: string
  values: number
  missing: number
  distinct: number
  distinctExact: boolean
  kinds: Record<string, number>
  top: { exact: boolean; offByAtMost: number; values: { value: string; count: number }[] }
  numbers?: Spread
  /** Milliseconds since 1970. */
  times?: Spread
  /** In characters. */
  lengths?: { min: number; max: number }
}

export interface Profile {
  rows: number
  badRows: number
  problems: { row: number; line: number; problem: string }[]
  columns: ProfiledColumn[]
  madeAt: string
}

export type ProfileState =
  | { state: 'none' | 'waiting' }
  | { state: 'running'; phase: string; done: number; rows: number }
  | { state: 'failed'; code: string; message: string }
  | { state: 'ready'; profile: Profile }

const LOOK_MS = 700

export const profileKey = (where: Where, as: string) => ['data-profile', ...place(where), as]
export const makeProfile = (where: Where, as: string) => request<ProfileState>(`${at('profile', where)}${query({ as })}`, { method: 'POST' })
export const stopProfile = (where: Where, as: string) => request(`${at('profile', where)}${query({ as })}`, { method: 'DELETE' })

export function useProfile(where: Where, as: string) {
  return useQuery<ProfileState>({
    queryKey: profileKey(where, as),
    retry: false,
    refetchInterval: ({ state }) => (state.data?.state === 'waiting' || state.data?.state === 'running' ? LOOK_MS : false),
    queryFn: ({ signal }) => request<ProfileState>(`${at('profile', where)}${query({ as })}`, { signal }),
  })
}

export const DIFFERENCES = ['added', 'removed', 'changed', 'renamed'] as const
export type Difference = (typeof DIFFERENCES)[number]
export interface Sum { files: number; bytesBefore: number; bytesAfter: number }
export interface DiffEntry { kind: Difference; path: string; before?: DataFile; after?: DataFile }
export interface DiffPage {
  from: DataVersion
  to: DataVersion
  summary: Record<Difference | 'unchanged', Sum>
  entries: DiffEntry[]
  next: string | null
}

export function useDiff(project: string, dataset: string, from: string, to: string, kind: string, search: string): Paged<DiffPage> {
  return useInfiniteQuery({
    queryKey: ['data-diff', project, dataset, from, to, kind, search],
    enabled: from !== '' && to !== '',
    placeholderData: (before: InfiniteData<DiffPage> | undefined, asked: { queryKey: readonly unknown[] } | undefined) => (asked?.queryKey[3] === from && asked.queryKey[4] === to ? before : undefined),
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) => request<DiffPage>(`${datasetBase(project, dataset)}/diff${query({ from, to, kind, search, after: String(pageParam), limit: ENTRIES })}`, { signal }),
    getNextPageParam: ({ next }: DiffPage) => next,
  })
}

export interface FoundFile extends DataFile { dataset: string; version: string }
export interface FoundVersion { dataset: string; version: DataVersion }
interface Found { versions?: { items: FoundVersion[]; next: string | null }; files?: { items: FoundFile[]; next: string | null } }

const FOUND = 20
const ENTRIES = 50

/** What has `words` in it, of one sort, over all datasets of a project. */
export function useFound(project: string, words: string, among: 'files' | 'versions', all: boolean): Paged<Found> {
  return useInfiniteQuery({
    queryKey: ['data-search', project, words, among, all],
    enabled: words !== '',
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) =>
      request<Found>(`${dataBase(project)}/search${query({ q: words, in: among, versions: all ? 'all' : 'latest', after: pageParam, limit: FOUND })}`, { signal }),
    getNextPageParam: (page) => page[among]?.next ?? null,
  })
}
