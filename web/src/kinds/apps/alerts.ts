import { useMemo } from 'react'
import type { Alert } from '../alerts/alert'
import { useAlerts } from '../alerts/useAlerts'

/** Whether an alert speaks of this application: by its label, or by one of its objects. */
export function ofApplication({ labels }: Alert, name: string, names: Set<string>): boolean {
  if ((labels.app ?? labels.label_dais_io_app) === name) return true
  return [labels.pod, labels.service, labels.deployment, labels.job_name].some((one) => one !== undefined && names.has(one))
}

/** What fires, or is about to, of one application of a project. */
export function useAlertsOf(project: string, name: string, names: Set<string>): Alert[] | undefined {
  const { alerts } = useAlerts(project)
  return useMemo(() => alerts?.filter((one) => ofApplication(one, name, names)), [alerts, name, names])
}
