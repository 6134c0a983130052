import { useQuery } from '@tanstack/react-query'
import { request } from './http'

/** Bytes of datasets: uploads become versions; versions have files. */

export interface DataFile {
  path: string
  digest: string
  size: number
}

export const dataBase = (project: string) => `/data/p/${encodeURIComponent(project)}`
export const datasetBase = (project: string, dataset: string) => `${dataBase(project)}/datasets/${encodeURIComponent(dataset)}`
export const segments = (path: string) => path.split('/').map(encodeURIComponent).join('/')

export function useFiles(project: string, dataset: string, version: string | undefined) {
  return useQuery({
    queryKey: ['data', project, dataset, version],
    enabled: version !== undefined,
    staleTime: Infinity,
    queryFn: async ({ signal }) =>
      (await request<{ files: DataFile[] }>(`${datasetBase(project, dataset)}/versions/${encodeURIComponent(version ?? '')}`, { signal })).files,
  })
}

export const fileAddress = (project: string, dataset: string, version: string, path: string): string =>
  `${datasetBase(project, dataset)}/versions/${encodeURIComponent(version)}/files/${segments(path)}`

export interface Committed {
  version: string
  /** False: the project has this very content already. */
  created: boolean
}

const uploadBase = (project: string, upload: string) => `${dataBase(project)}/uploads/${encodeURIComponent(upload)}`
const BYTES = 'application/octet-stream'

export const beginUpload = async (project: string, signal: AbortSignal) =>
  (await request<{ upload: string }>(`${dataBase(project)}/uploads`, { method: 'POST', body: {}, signal })).upload
export interface Uploaded {
  files: Pick<DataFile, 'path' | 'size'>[]
  /** Files of which only the beginning is there. */
  partial: { path: string; received: number; size: number }[]
}
/** What an upload has so far. */
export const uploaded = async (project: string, upload: string, signal: AbortSignal) =>
  request<Uploaded>(uploadBase(project, upload), { signal })
export const putFile = (project: string, upload: string, path: string, body: File, signal: AbortSignal) =>
  request(`${uploadBase(project, upload)}/files/${segments(path)}`, { method: 'PUT', body, contentType: BYTES, signal })
/** Bytes of a file from `first` up to `end`, which follow what came before. */
export const putPart = (project: string, upload: string, path: string, file: File, [first, end]: [number, number], signal: AbortSignal) =>
  request(`${uploadBase(project, upload)}/files/${segments(path)}`, {
    method: 'PUT', body: file.slice(first, end), contentType: BYTES, headers: { 'content-range': `bytes ${first}-${end - 1}/${file.size}` }, signal,
  })
/** All files of an archive, or none. */
export const putArchive = (project: string, upload: string, body: File, signal: AbortSignal) =>
  request<{ files: number; bytes: number }>(`${uploadBase(project, upload)}/archive`, { method: 'PUT', body, contentType: BYTES, signal })
export const commitUpload = (project: string, upload: string, dataset: string, signal: AbortSignal) =>
  request<Committed>(`${uploadBase(project, upload)}/commit`, { method: 'POST', body: { dataset }, signal })
export const giveUpload = (project: string, upload: string) => request(uploadBase(project, upload), { method: 'DELETE' })
