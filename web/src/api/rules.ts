import { useQuery } from '@tanstack/react-query'
import { request } from './http'
import type { Labels } from './prom'

/** Rules and alerts as Prometheus's HTTP API gives them. */

export interface RuleAlert {
  labels: Labels
  annotations: Labels
  state: 'firing' | 'pending' | 'inactive'
  activeAt?: string
  /** A number as text. */
  value: string
}

export interface Rule {
  type: 'alerting' | 'recording'
  name: string
  query: string
  labels?: Labels
  health: 'ok' | 'err' | 'unknown'
  lastError?: string
  lastEvaluation?: string
  /** Seconds. */
  evaluationTime?: number
  state?: 'firing' | 'pending' | 'inactive'
  /** Seconds for which it must hold. */
  duration?: number
  annotations?: Labels
  alerts?: RuleAlert[]
}

export interface RuleGroup {
  name: string
  file: string
  /** Seconds between evaluations. */
  interval: number
  rules: Rule[]
}

const REFRESH_MS = 10_000

export function useRules(enabled = true) {
  return useQuery({
    queryKey: ['rules'],
    enabled,
    refetchInterval: REFRESH_MS,
    queryFn: async ({ signal }) => (await request<{ data: { groups: RuleGroup[] | null } }>('/prometheus/api/v1/rules', { signal })).data.groups ?? [],
  })
}

export function useRuleAlerts(enabled = true) {
  return useQuery({
    queryKey: ['rule-alerts'],
    enabled,
    refetchInterval: REFRESH_MS,
    queryFn: async ({ signal }) => (await request<{ data: { alerts: RuleAlert[] | null } }>('/prometheus/api/v1/alerts', { signal })).data.alerts ?? [],
  })
}
