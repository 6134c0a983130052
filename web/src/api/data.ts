import { useQuery } from '@tanstack/react-query'
import { request } from './http'

/** Bytes of datasets: uploads become versions; versions have files. */

export interface DataFile {
  path: string
  digest: string
  size: number
}

const base = (project: string) => `/data/p/${encodeURIComponent(project)}`
const segments = (path: string) => path.split('/').map(encodeURIComponent).join('/')

export function useFiles(project: string, dataset: string, version: string | undefined) {
  return useQuery({
    queryKey: ['data', project, dataset, version],
    enabled: version !== undefined,
    staleTime: Infinity,
    queryFn: async ({ signal }) =>
      (await request<{ files: DataFile[] }>(`${base(project)}/datasets/${encodeURIComponent(dataset)}/versions/${version ?? ''}`, { signal })).files,
  })
}

export const fileAddress = (project: string, dataset: string, version: string, path: string): string =>
  `${base(project)}/datasets/${encodeURIComponent(dataset)}/versions/${version}/files/${segments(path)}`

export interface Chosen {
  path: string
  file: File
}

export interface Committed {
  version: string
  /** False: the project has this very content already. */
  created: boolean
}

/** Uploads files one after the other, tells how many bytes are there, commits. */
export async function upload(project: string, dataset: string, files: Chosen[], told: (bytes: number) => void, signal: AbortSignal): Promise<Committed> {
  const { upload: id } = await request<{ upload: string }>(`${base(project)}/uploads`, { method: 'POST', body: {}, signal })
  const address = `${base(project)}/uploads/${encodeURIComponent(id)}`
  try {
    let done = 0
    for (const { path, file } of files) {
      // One at a time: a browser has six connections, and pages need some.
      // oxlint-disable-next-line eslint/no-await-in-loop
      await request(`${address}/files/${segments(path)}`, { method: 'PUT', body: file, contentType: 'application/octet-stream', signal })
      done += file.size
      told(done)
    }
    return await request<Committed>(`${address}/commit`, { method: 'POST', body: { dataset }, signal })
  } catch (cause) {
    void request(address, { method: 'DELETE' }).catch(() => undefined)
    throw cause
  }
}
