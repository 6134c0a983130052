import { useQuery } from '@tanstack/react-query'
import { request } from './http'
import { DATASETS } from './kinds'
import { useList } from './useKube'

export interface SharedDatasetVersion {
  name: string
  files: number
  bytes: number
  createdAt: string
}

/** Another project's dataset that this project may read. */
export interface SharedDataset {
  /** `project/name` */
  name: string
  description?: string | null
  tags: string[]
  /** The newest first. */
  versions: SharedDatasetVersion[]
}

/** Bytes, and how many there may be. */
export interface DataUsage {
  used: number
  limit: number | null
}

const POLL_MS = 30_000

export const useSharedDatasets = (project: string) =>
  useQuery({ queryKey: ['datasets', 'shared', project], refetchInterval: POLL_MS, queryFn: async ({ signal }) => (await request<{ datasets: SharedDataset[] }>(`/api/datasets/${encodeURIComponent(project)}/shared`, { signal })).datasets })

export const useDataUsage = (project: string) =>
  useQuery({ queryKey: ['data', 'usage', project], refetchInterval: POLL_MS, queryFn: ({ signal }) => request<DataUsage>(`/data/p/${encodeURIComponent(project)}/usage`, { signal }) })

/** What a form offers: own datasets and shared ones, each alone and with each of its versions. */
export function useReferences(project: string): string[] {
  const own = useList(DATASETS, { namespace: project, live: POLL_MS })
  const shared = useSharedDatasets(project)
  const named = (name: string, versions: { name: string }[] = []) => [name, ...versions.map((version) => `${name}@${version.name}`)]
  return [
    ...(own.data ?? []).flatMap(({ metadata, status }) => named(metadata.name, status?.versions)),
    ...(shared.data ?? []).flatMap(({ name, versions }) => named(name, versions)),
  ]
}
