import { quoted } from '../../api/prom'
import type { Filters } from '../../components/filters'
import { labelPattern } from '../owner'
import { RUNNING, select } from './select'

const APP = 'label_dais_io_app'
const USER = 'label_dais_io_user'

/** A person by name: pods carry it as it is, or made label-safe. */
function userMatcher(name: string): string {
  const pattern = labelPattern(name)
  return pattern ? `${USER}=~${quoted(pattern)}` : `${USER}=${quoted(name)}`
}

/** Matchers of `kube_pod_labels` for pods of an application, of a person. */
export const labelled = ({ app, user }: Pick<Filters, 'app' | 'user'>): string[] => [...(app ? [`${APP}=${quoted(app)}`] : []), ...(user ? [userMatcher(user)] : [])]

const AND = ' and on (namespace, pod) '
const onNode = (node: string): string[] => (node ? [`kube_pod_info${select(`node=${quoted(node)}`)}`] : [])

/** Keeps of a series by pod what the filters ask for; nothing when they ask for nothing. */
export const narrowing = (filters: Filters): string => {
  const labels = labelled(filters)
  return [...(labels.length ? [`kube_pod_labels${select(...labels)}`] : []), ...onNode(filters.node)].map((one) => AND + one).join('')
}

/** The pods that the filters ask for, of now and of the last hour: an alert outlives its pod. */
export const podsOf = (filters: Filters): string => {
  const labels = labelled(filters)
  const sets = [...(labels.length ? [`kube_pod_labels${select(...labels)}`] : []), ...onNode(filters.node)]
  return `count by (namespace, pod) (${sets.map((one) => `last_over_time(${one}[1h])`).join(AND)})`
}

/** Machines on which such pods run. */
export const machinesOf = (filters: Filters): string =>
  `count by (node) ((kube_pod_info ${RUNNING})${AND}kube_pod_labels${select(...labelled(filters))})`
