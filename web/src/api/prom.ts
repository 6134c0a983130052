import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { query as queryString, request } from './http'

export type Labels = Record<string, string>
export interface Sample {
  labels: Labels
  value: number
}
export interface Series {
  labels: Labels
  /** Seconds since the epoch, value. */
  points: [number, number][]
}

interface Answer<R> {
  data: { result: R[] }
  warnings?: string[]
  infos?: string[]
}

export async function instant(expression: string, signal?: AbortSignal, time?: number): Promise<Sample[]> {
  const answer = await request<Answer<{ metric: Labels; value: [number, string] }>>(
    `/prometheus/api/v1/query${queryString({ query: expression, time })}`, signal ? { signal } : {},
  )
  return answer.data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }))
}

export interface Window {
  start: number
  end: number
  step: number
}

export interface Answered {
  series: Series[]
  /** What the server wants to be read beside the answer. */
  warnings: string[]
}

export async function ranged(expression: string, window: Window, signal?: AbortSignal): Promise<Series[]> {
  return (await answered(expression, window, signal)).series
}

export async function answered(expression: string, window: Window, signal?: AbortSignal): Promise<Answered> {
  const answer = await request<Answer<{ metric: Labels; values: [number, string][] }>>(
    `/prometheus/api/v1/query_range${queryString({ query: expression, ...window })}`, signal ? { signal } : {},
  )
  const series = answer.data.result.map(({ metric, values }): Series => ({
    labels: metric,
    points: values.map(([time, value]) => [time, Number(value)]),
  }))
  return { series, warnings: [...(answer.warnings ?? []), ...(answer.infos ?? [])] }
}

const REFRESH_MS = 10_000

/** Now, or at `time` in seconds since the epoch. */
export function useInstant(expression: string, enabled = true, time?: number) {
  return useQuery({
    queryKey: ['prom', expression, ...(time ? [time] : [])],
    queryFn: ({ signal }) => instant(expression, signal, time),
    refetchInterval: time ? false : REFRESH_MS,
    placeholderData: keepPreviousData,
    enabled,
  })
}

/** How one expression is asked over a range; equal questions are asked once. */
export const rangedOptions = (expression: string, seconds: number, end?: number) => ({
  queryKey: ['prom', expression, seconds, end ?? 'now'],
  queryFn: ({ signal }: { signal: AbortSignal }) => ranged(expression, windowOf(seconds, end), signal),
  refetchInterval: end ? (false as const) : REFRESH_MS,
  placeholderData: keepPreviousData<Series[]>,
})

/** The last `seconds` up to now, or up to `end` when it is over. */
export function useRanged(expression: string, seconds: number, end?: number, enabled = true) {
  return useQuery({ ...rangedOptions(expression, seconds, end), enabled })
}

/** About 180 points, never finer than five seconds, aligned so that points keep their place. */
export function windowOf(seconds: number, end = Date.now() / 1000): Window {
  const step = Math.max(5, Math.ceil(seconds / 180))
  const last = Math.ceil(end / step) * step
  return { start: last - Math.ceil(seconds / step) * step, end: last, step }
}

/** A value as a PromQL string literal. */
export function quoted(value: string): string {
  return `"${value.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n')}"`
}

export const total = (samples: Sample[] | undefined): number | undefined =>
  samples && samples.length > 0 ? samples.reduce((sum, sample) => sum + sample.value, 0) : undefined

/** Samples by the value of one label. */
export function by(samples: Sample[] | undefined, label: string): Map<string, number> {
  const found = new Map<string, number>()
  for (const sample of samples ?? []) {
    const name = sample.labels[label]
    if (name) found.set(name, (found.get(name) ?? 0) + sample.value)
  }
  return found
}

/** The last `seconds` with what the server remarks; for questions that a person wrote. */
export function useAnswered(expression: string, seconds: number, end?: number) {
  return useQuery({
    queryKey: ['prom-answered', expression, seconds, end ?? 'now'],
    queryFn: ({ signal }) => answered(expression, windowOf(seconds, end), signal),
    refetchInterval: end ? false : REFRESH_MS,
    placeholderData: keepPreviousData,
    retry: false,
    enabled: expression !== '',
  })
}

const NAMES_MS = 60_000

/** Label names, of one metric when it is named. */
export function useLabelNames(metric: string | undefined, enabled: boolean) {
  return useQuery({
    queryKey: ['prom-labels', metric ?? ''],
    staleTime: NAMES_MS,
    placeholderData: keepPreviousData,
    enabled,
    queryFn: async ({ signal }) => (await request<{ data: string[] | null }>(`/prometheus/api/v1/labels${queryString({ 'match[]': metric })}`, { signal })).data ?? [],
  })
}

/** Values of one label; of `__name__` they are the names of all metrics. */
export function useLabelValues(label: string, metric: string | undefined, enabled: boolean) {
  return useQuery({
    queryKey: ['prom-values', label, metric ?? ''],
    staleTime: NAMES_MS,
    enabled,
    queryFn: async ({ signal }) =>
      (await request<{ data: string[] | null }>(`/prometheus/api/v1/label/${encodeURIComponent(label)}/values${queryString({ 'match[]': metric })}`, { signal })).data ?? [],
  })
}
