import { useQuery } from '@tanstack/react-query'
import type { Algorithm, AlgorithmSpec, Environment } from './generated'
import { ApiError, request, send } from './http'
import { ALGORITHMS, ENVIRONMENTS, pathOf } from './kinds'
import { create } from './kube'

/** What a form or a page needs to know of a version. */
export type Runnable = Pick<AlgorithmSpec, 'parameters' | 'inputs' | 'outputs' | 'resources' | 'checkpoints'>

export interface SharedVersion {
  name: string
  deprecated?: string | null
  spec: Runnable
}

/** Another project's algorithm that this project may run. */
export interface SharedAlgorithm {
  /** `project/name` */
  name: string
  title?: string | null
  description?: string | null
  versions: SharedVersion[]
}

/** An algorithm that comes with dais. */
export interface LibraryWork {
  name: string
  environment: Environment
  algorithm: Algorithm
  files: { path: string; text: string }[]
}

export interface CodeFile {
  path: string
  digest: string
  size: number
}

const POLL_MS = 30_000
/** What is shown of a file: more is no code to read. */
export const MOST_SHOWN = 256 << 10

export const useShared = (project: string) =>
  useQuery({ queryKey: ['algorithms', 'shared', project], refetchInterval: POLL_MS, queryFn: async ({ signal }) => (await request<{ algorithms: SharedAlgorithm[] }>(`/api/algorithms/${encodeURIComponent(project)}/shared`, { signal })).algorithms })

export const useLibrary = () =>
  useQuery({ queryKey: ['algorithms', 'library'], staleTime: Infinity, queryFn: async ({ signal }) => (await request<{ algorithms: LibraryWork[] }>('/api/algorithms/library', { signal })).algorithms })

const codeAt = (project: string, bundle: string) => `/data/p/${encodeURIComponent(project)}/code/${encodeURIComponent(bundle)}`

/** The files of a code bundle; it never changes. */
export const useCodeFiles = (project: string, bundle: string | undefined) =>
  useQuery({ queryKey: ['code', project, bundle], enabled: bundle !== undefined, staleTime: Infinity, retry: false, queryFn: async ({ signal }) => (await request<{ files: CodeFile[] }>(codeAt(project, bundle ?? ''), { signal })).files })

export const useCodeText = (project: string, bundle: string | undefined, path: string | undefined) =>
  useQuery({
    queryKey: ['code', project, bundle, path], enabled: bundle !== undefined && path !== undefined, staleTime: Infinity, retry: false,
    queryFn: async ({ signal }) => (await send(`${codeAt(project, bundle ?? '')}/files/${(path ?? '').split('/').map(encodeURIComponent).join('/')}`, { signal })).text(),
  })

/** Stores packed code; its name. */
export async function uploadCode(project: string, archive: Blob): Promise<string> {
  const made = await request<{ digest: string }>(`/data/p/${encodeURIComponent(project)}/code`, { method: 'PUT', body: archive, contentType: 'application/x-tar' })
  return made.digest
}

async function environmentOf(project: string, name: string): Promise<Environment | undefined> {
  try {
    return await request<Environment>(pathOf(ENVIRONMENTS, project, name))
  } catch (cause) {
    if (cause instanceof ApiError && cause.status === 404) return undefined
    throw cause
  }
}

/** Puts what comes with dais into a project: the algorithm last, so that the same again goes on where it was interrupted. */
export async function addFromLibrary(work: LibraryWork, project: string, name: string): Promise<void> {
  const known = await environmentOf(project, name)
  // Somebody's own environment of that name stays as it is.
  const same = (one: Environment) => (one.spec.python?.requirements ?? []).toSorted().join('\n')
  if (known && same(known) !== same(work.environment)) throw new ApiError(409, `Environment ${name}`, 'AlreadyExists')
  if (!known) await create(ENVIRONMENTS, { ...work.environment, metadata: { name, namespace: project } })
  const archive = await (await send(`/api/algorithms/library/${encodeURIComponent(work.name)}/code`, { headers: { accept: '*/*' } })).blob()
  const bundle = await uploadCode(project, archive)
  const { spec, metadata } = work.algorithm
  await create(ALGORITHMS, {
    ...work.algorithm,
    metadata: { name, namespace: project, ...(metadata.annotations && { annotations: metadata.annotations }) },
    spec: { ...spec, environment: name, code: { bundle }, ...(spec.outputs && { outputs: { ...spec.outputs, model: name } }) },
  })
}
