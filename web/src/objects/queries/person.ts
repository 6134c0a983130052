import { quoted } from '../../api/prom'
import { ACCELERATORS, CONTAINERS, RUNNING, select } from './select'

const USER = 'label_dais_io_user'
const CPU = `rate(container_cpu_usage_seconds_total${select(CONTAINERS)}[2m])`
const MEMORY = `container_memory_working_set_bytes${select(CONTAINERS)}`
const CARDS = `kube_pod_container_resource_requests${select(ACCELERATORS)} ${RUNNING}`

const by = (labels: string, series: string, where: string, more = '') =>
  `sum by (${labels}) (${series} * on (namespace, pod) group_left (${labels}) kube_pod_labels${select(where)}${more})`

/** Now, by person; `more` keeps a part of it. */
export const peopleOf = (more = '') => ({
  cpu: by(USER, CPU, `${USER}!=""`, more),
  memory: by(USER, MEMORY, `${USER}!=""`, more),
  accelerators: by(USER, CARDS, `${USER}!=""`, more),
  pods: by(USER, '(kube_pod_status_phase{phase="Running"} == 1)', `${USER}!=""`, more),
})
export const people = peopleOf()

/** At most this many points are summed. */
const POINTS = 240
const FINEST_SECONDS = 15

/**
 * An amount over time: the sum of samples, each holding for one step. Unlike
 * `increase` of a counter it has what pods used that are gone by now.
 */
export function hours(expression: string, seconds: number): string {
  return summed(expression, `${Math.round(seconds)}s`, Math.max(FINEST_SECONDS, Math.round(seconds / POINTS)))
}

/** The same over any span of PromQL, a sample every `step` seconds. */
export const summed = (expression: string, span: string, step: number) => `sum_over_time(${expression}[${span}:${step}s]) * ${step} / 3600`

/** One person's use by application; `user` is the label-safe form; of one application when it is named. */
export const person = (user: string, app = '') => {
  const LABELS = 'label_dais_io_app'
  const where = `${USER}=${quoted(user)}${app && `,${LABELS}=${quoted(app)}`}`
  return { cpu: by(LABELS, CPU, where), memory: by(LABELS, MEMORY, where), accelerators: by(LABELS, CARDS, where) }
}
