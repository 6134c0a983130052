import { useMemo } from 'react'
import { isNarrowed, type Filters } from '../../components/filters'
import { isSamePerson } from '../../objects/owner'
import { useNarrowedPods } from '../../objects/useNarrowed'
import { nodeOf, type Alert } from './alert'

/** Whether an alert is about what the filters ask for: it speaks of one of `pods`, or its own labels say so. */
export function isAbout({ labels }: Alert, { app, user, node }: Filters, pods: ReadonlySet<string>): boolean {
  if (labels.pod && pods.has(`${labels.namespace}/${labels.pod}`)) return true
  const apps = [labels.app, labels.label_dais_io_app, labels.service, labels.deployment, labels.job_name]
  const person = labels.user ?? labels.label_dais_io_user
  return (!app || apps.includes(app)) && (!user || (person !== undefined && isSamePerson(person, user))) && (!node || nodeOf(labels) === node)
}

/** Those alerts that the filters of the address ask for. */
export function useNarrowedAlerts(alerts: Alert[] | undefined, filters: Filters): Alert[] | undefined {
  const pods = useNarrowedPods(filters)
  return useMemo(() => (isNarrowed(filters) && pods ? alerts?.filter((one) => isAbout(one, filters, pods)) : alerts), [alerts, filters, pods])
}
