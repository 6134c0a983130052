import { useQuery } from '@tanstack/react-query'
import { optional } from './optional'
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

export function useRules() {
  return useQuery({ ...optional<{ data: { groups: RuleGroup[] | null } }>(['rules'], '/prometheus/api/v1/rules', REFRESH_MS), select: groupsOf })
}

export function useRuleAlerts() {
  return useQuery({ ...optional<{ data: { alerts: RuleAlert[] | null } }>(['rule-alerts'], '/prometheus/api/v1/alerts', REFRESH_MS), select: alertsOf })
}

const groupsOf = ({ data }: { data: { groups: RuleGroup[] | null } }) => data.groups ?? []
const alertsOf = ({ data }: { data: { alerts: RuleAlert[] | null } }) => data.alerts ?? []
