import type { Alert } from '../alerts/alert'

/** Whether an alert speaks of this application: by its label, or by one of its objects. */
export function ofApplication({ labels }: Alert, name: string, names: Set<string>): boolean {
  if ((labels.app ?? labels.label_dais_io_app) === name) return true
  return [labels.pod, labels.service, labels.deployment, labels.job_name].some((one) => one !== undefined && names.has(one))
}
