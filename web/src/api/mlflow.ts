import { useQuery } from '@tanstack/react-query'
import { query as queryString, request } from './http'

/** MLflow's REST API of one project. Numbers travel as strings in places. */

export interface KeyValue {
  key: string
  value: string
}
export interface RunMetric {
  key: string
  value: number
  step?: number | string
  timestamp?: number | string
}
export interface Run {
  info: {
    run_id: string
    run_name?: string
    experiment_id: string
    status?: string
    user_id?: string
    start_time?: number | string
    end_time?: number | string
    artifact_uri?: string
  }
  data: { metrics?: RunMetric[]; params?: KeyValue[]; tags?: KeyValue[] }
}
export interface Experiment {
  experiment_id: string
  name: string
  lifecycle_stage?: string
  creation_time?: number | string
  last_update_time?: number | string
}
export interface ModelVersion {
  name: string
  version: string
  run_id?: string
  source?: string
  status?: string
  status_message?: string
  description?: string
  creation_timestamp?: number | string
  user_id?: string
  aliases?: string[]
  tags?: KeyValue[]
}
export interface RegisteredModel {
  name: string
  description?: string
  creation_timestamp?: number | string
  last_updated_timestamp?: number | string
  latest_versions?: ModelVersion[]
  aliases?: { alias: string; version: string }[]
}

const base = (project: string) => `/mlflow/p/${encodeURIComponent(project)}/api/2.0/mlflow/`
const read = <T,>(project: string, path: string, signal: AbortSignal) => request<T>(base(project) + path, { signal })
const write = <T,>(project: string, path: string, body: unknown, method: 'POST' | 'DELETE' = 'POST') =>
  request<T>(base(project) + path, { method, body })

const REFRESH_MS = 5000

export function useRun(project: string, run: string | undefined, live: boolean) {
  return useQuery({
    queryKey: ['mlflow', project, 'run', run],
    enabled: run !== undefined,
    refetchInterval: live ? REFRESH_MS : false,
    queryFn: async ({ signal }) => (await read<{ run: Run }>(project, `runs/get${queryString({ run_id: run })}`, signal)).run,
  })
}

export function useHistory(project: string, run: string | undefined, key: string, live: boolean) {
  return useQuery({
    queryKey: ['mlflow', project, 'history', run, key],
    enabled: run !== undefined,
    refetchInterval: live ? REFRESH_MS : false,
    queryFn: async ({ signal }) =>
      (await read<{ metrics?: RunMetric[] }>(
        project, `metrics/get-history${queryString({ run_id: run, metric_key: key, max_results: 5000 })}`, signal,
      )).metrics ?? [],
  })
}

export function useExperiments(project: string) {
  return useQuery({
    queryKey: ['mlflow', project, 'experiments'],
    refetchInterval: 15_000,
    queryFn: async () =>
      (await write<{ experiments?: Experiment[] }>(project, 'experiments/search', { max_results: 1000 })).experiments ?? [],
  })
}

export function useRuns(project: string, experiments: string[] | undefined) {
  return useQuery({
    queryKey: ['mlflow', project, 'runs', experiments],
    enabled: experiments !== undefined,
    refetchInterval: REFRESH_MS,
    queryFn: async () =>
      (await write<{ runs?: Run[] }>(project, 'runs/search', {
        experiment_ids: experiments, max_results: 500, order_by: ['attributes.start_time DESC'],
      })).runs ?? [],
  })
}

export function useModels(project: string) {
  return useQuery({
    queryKey: ['mlflow', project, 'models'],
    enabled: project !== '',
    refetchInterval: 10_000,
    queryFn: async ({ signal }) =>
      (await read<{ registered_models?: RegisteredModel[] }>(project, 'registered-models/search?max_results=1000', signal))
        .registered_models ?? [],
  })
}

export function useVersions(project: string, model?: string) {
  const filter = model === undefined ? undefined : `name='${model.replaceAll("'", "''")}'`
  return useQuery({
    queryKey: ['mlflow', project, 'versions', model ?? ''],
    enabled: project !== '',
    refetchInterval: 10_000,
    queryFn: async ({ signal }) =>
      (await read<{ model_versions?: ModelVersion[] }>(
        project, `model-versions/search${queryString({ filter, max_results: 1000 })}`, signal,
      )).model_versions ?? [],
  })
}

export const setAlias = (project: string, name: string, alias: string, version: string) =>
  write(project, 'registered-models/alias', { name, alias, version })
export const dropAlias = (project: string, name: string, alias: string) =>
  write(project, 'registered-models/alias', { name, alias }, 'DELETE')

export const aliasesOf = (model: RegisteredModel | undefined, version: ModelVersion): string[] =>
  version.aliases ?? model?.aliases?.filter((one) => one.version === version.version).map((one) => one.alias) ?? []
