import { useQuery } from '@tanstack/react-query'
import type { Notebook, TrainingJob } from './generated'
import { request } from './http'
import { TRAINING_JOBS } from './kinds'
import { create } from './kube'

/** What is in a notebook, and jobs out of it. */

export interface Entry {
  name: string
  path: string
  kind: 'folder' | 'file' | 'notebook'
  bytes?: number
  modified?: string
}

interface Code {
  bundle: string
  command: string[]
  environment?: string
  datasets: NonNullable<TrainingJob['spec']['datasets']>
}

const of = (project: string, name: string, rest: string) => `/notebooks/p/${project}/${encodeURIComponent(name)}${rest}`

/** A folder of its home, while it is awake. */
export function useFolder(project: string, name: string, path: string, enabled: boolean) {
  return useQuery({
    queryKey: ['notebook', project, name, path],
    queryFn: ({ signal }) => request<{ entries: Entry[] }>(of(project, name, `/files?${new URLSearchParams({ path }).toString()}`), { signal }),
    enabled,
    retry: false,
  })
}

/** Whether a job can run it. */
export const isProgram = ({ kind, name }: Entry): boolean => kind === 'notebook' || /\.(py|sh)$/.test(name)

/** A label-safe beginning of a job's name. */
export function jobName(path: string): string {
  const file = path.split('/').at(-1) ?? ''
  const stem = file.split('.')[0]?.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 40)
  return stem || 'job'
}

/** Takes a file with the folder around it, and runs it; the job's name. */
export async function runAsJob({ metadata: { name, namespace = '' } }: Notebook, path: string): Promise<string> {
  const { bundle, command, environment, datasets } = await request<Code>(of(namespace, name, '/code'), { method: 'POST', body: { path } })
  const job = await create(TRAINING_JOBS, {
    apiVersion: 'dais.io/v1alpha1', kind: 'TrainingJob',
    metadata: { name: '', generateName: `${jobName(path)}-`, namespace },
    spec: { code: { bundle }, command, datasets, ...(environment && { environment }) },
  } as TrainingJob)
  return job.metadata.name
}
