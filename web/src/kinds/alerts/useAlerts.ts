import { useMemo } from 'react'
import { useNotified } from '../../api/alertmanager'
import { isAbsent } from '../../api/optional'
import { useRuleAlerts, useRules, type RuleGroup } from '../../api/rules'
import { alertsOf, type Alert } from './alert'

export interface Alerts {
  alerts: Alert[] | undefined
  groups: RuleGroup[] | undefined
  error: Error | null
  /** There is no Alertmanager behind `/alertmanager`. */
  absent: boolean
  /** Alertmanager is there and does not answer. */
  broken: Error | null
  /** The metrics backend evaluates no rules. */
  noRules: boolean
  refetch: () => unknown
}

/** What fires now, of one project or of all that may be seen. Either side may be missing. */
export function useAlerts(project?: string): Alerts {
  const rules = useRules()
  const found = useRuleAlerts()
  const notified = useNotified()
  const noRules = isAbsent(found.error)
  const absent = isAbsent(notified.error)
  const alerts = useMemo(() => {
    const own = found.data ?? (noRules ? [] : undefined)
    const told = notified.data ?? (notified.error ? [] : undefined)
    if (!own || !told) return undefined
    const all = alertsOf(own, told, rules.data ?? [])
    return project ? all.filter((one) => one.labels.namespace === project) : all
  }, [found.data, noRules, notified.data, notified.error, rules.data, project])
  return {
    alerts,
    groups: rules.data ?? (isAbsent(rules.error) ? [] : undefined),
    error: noRules ? null : found.error,
    absent, noRules,
    broken: absent ? null : notified.error,
    refetch: () => Promise.all([rules.refetch(), found.refetch(), notified.refetch()]),
  }
}
