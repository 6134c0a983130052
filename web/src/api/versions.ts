import { useQuery } from '@tanstack/react-query'
import { datasetBase } from './data'
import { ApiError, request } from './http'

/** Versions of a dataset: their names, what is said of them, and which of the old ones go. */

export interface DataVersion {
  /** `v1`, `v2`, … */
  name: string
  digest: string
  files: number
  bytes: number
  createdAt: string
  createdBy: string
  description: string
  tags: string[]
  /** What made it, as whoever made it says. */
  origin?: Origin
}

/** An object of the same project, which may be gone. */
export interface Origin {
  kind: string
  name: string
}

export const versionsKey = (project: string, dataset: string) => ['data-versions', project, dataset]

/** Newest first; `known` is what its status says, so that a new version is fetched when there is one. */
export function useVersions(project: string, dataset: string, known: string) {
  return useQuery<DataVersion[]>({
    queryKey: [...versionsKey(project, dataset), known],
    placeholderData: (before, asked) => (asked?.queryKey[1] === project && asked.queryKey[2] === dataset ? before : undefined),
    queryFn: async ({ signal }) => {
      try {
        return (await request<{ versions: DataVersion[] }>(`${datasetBase(project, dataset)}/versions`, { signal })).versions.toReversed()
      } catch (error) {
        // A dataset without versions is not there for who keeps them.
        if (error instanceof ApiError && error.status === 404) return []
        throw error
      }
    },
  })
}

export const setTag = (project: string, dataset: string, tag: string, version: string) =>
  request(`${datasetBase(project, dataset)}/tags/${encodeURIComponent(tag)}`, { method: 'PUT', body: { version } })
export const removeTag = (project: string, dataset: string, tag: string) =>
  request(`${datasetBase(project, dataset)}/tags/${encodeURIComponent(tag)}`, { method: 'DELETE' })
export const describeVersion = (project: string, dataset: string, version: string, description: string) =>
  request(`${datasetBase(project, dataset)}/versions/${encodeURIComponent(version)}`, { method: 'PATCH', body: { description } })

export interface Rule { keepLast: number; keepTagged: boolean }
export interface Plan {
  rule: Rule
  keep: { version: string; why: 'last' | 'tagged' }[]
  remove: DataVersion[]
  freedFiles: number
  freedBytes: number
  /** Names this plan when it is applied. */
  plan: string
}
export interface Standing { rule: Rule; setBy: string; setAt: string }

const retention = (project: string, dataset: string) => `${datasetBase(project, dataset)}/retention`

export const standingKey = (project: string, dataset: string) => ['data-retention', project, dataset]
export const useStanding = (project: string, dataset: string) =>
  useQuery({ queryKey: standingKey(project, dataset), queryFn: async ({ signal }) => (await request<{ standing: Standing | null }>(retention(project, dataset), { signal })).standing })
export const planRetention = (project: string, dataset: string, rule: Rule) => request<Plan>(`${retention(project, dataset)}/plan`, { method: 'POST', body: rule })
export const applyRetention = (project: string, dataset: string, { rule, plan }: Plan) => request(`${retention(project, dataset)}/apply`, { method: 'POST', body: { rule, plan } })
export const leaveStanding = (project: string, dataset: string, { rule, plan }: Plan) => request(retention(project, dataset), { method: 'PUT', body: { rule, plan } })
export const endStanding = (project: string, dataset: string) => request(retention(project, dataset), { method: 'DELETE' })
