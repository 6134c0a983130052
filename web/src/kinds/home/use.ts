import { useMemo } from 'react'
import { INFERENCE_SERVICES, TRAINING_JOBS } from '../../api/kinds'
import { useInstant, type Sample } from '../../api/prom'
import { useEverywhere } from '../../frame/useEverywhere'

/** Use by application and by person: container metrics joined with pod labels. */

const CONTAINER = '{container!="",container!="POD"}'
const LABELLED = 'on (namespace, pod) group_left (label_dais_io_app, label_dais_io_user) kube_pod_labels{label_dais_io_app!=""}'
const joined = (by: string, series: string) => `sum by (${by}) (${series} * ${LABELLED})`
const CPU = `rate(container_cpu_usage_seconds_total${CONTAINER}[2m])`
const MEMORY = `container_memory_working_set_bytes${CONTAINER}`
const GPU = 'kube_pod_container_resource_requests{resource=~"nvidia_com_gpu|amd_com_gpu"}'

export interface App {
  project: string
  name: string
  cpu: number | undefined
  memory: number | undefined
  accelerators: number | undefined
  rate: number | undefined
  p99: number | undefined
  running: number
}

export function useApps(): { apps: App[] | undefined; error: Error | null; refetch: () => unknown } {
  const by = 'namespace, label_dais_io_app'
  const cpu = useInstant(joined(by, CPU))
  const memory = useInstant(joined(by, MEMORY))
  const gpu = useInstant(joined(by, GPU))
  const rate = useInstant('sum by (namespace, service) (rate(dais_gateway_requests_total[2m]))')
  const p99 = useInstant('histogram_quantile(0.99, sum by (namespace, service, le) (rate(dais_gateway_request_duration_seconds_bucket[5m])))')
  const services = useEverywhere(INFERENCE_SERVICES)
  const jobs = useEverywhere(TRAINING_JOBS)
  const apps = useMemo(() => {
    if (!cpu.data && !services.data && !jobs.data) return undefined
    const found = new Map<string, App>()
    const of = (project = '', name = ''): App => {
      const key = `${project}/${name}`
      const known = found.get(key) ?? { project, name, cpu: undefined, memory: undefined, accelerators: undefined, rate: undefined, p99: undefined, running: 0 }
      found.set(key, known)
      return known
    }
    const add = (samples: Sample[] | undefined, put: (app: App, value: number) => void) => {
      for (const { labels, value } of samples ?? []) if (labels.label_dais_io_app) put(of(labels.namespace, labels.label_dais_io_app), value)
    }
    add(cpu.data, (app, value) => { app.cpu = value })
    add(memory.data, (app, value) => { app.memory = value })
    add(gpu.data, (app, value) => { app.accelerators = value })
    for (const job of jobs.data ?? []) {
      if (job.status?.phase === 'Running') of(job.metadata.namespace, job.spec.application ?? job.metadata.name).running += 1
    }
    for (const { metadata, spec } of services.data ?? []) {
      const app = of(metadata.namespace, spec.application ?? metadata.name)
      const mine = ({ labels }: Sample) => labels.namespace === metadata.namespace && labels.service === metadata.name
      app.rate = (app.rate ?? 0) + (rate.data?.find(mine)?.value ?? 0)
      const slow = p99.data?.find(mine)?.value
      if (slow !== undefined && Number.isFinite(slow)) app.p99 = Math.max(app.p99 ?? 0, slow)
      app.running += 1
    }
    return [...found.values()].toSorted((a, b) => (b.cpu ?? 0) - (a.cpu ?? 0))
  }, [cpu.data, memory.data, gpu.data, rate.data, p99.data, services.data, jobs.data])
  return { apps, error: cpu.error ?? jobs.error, refetch: cpu.refetch }
}

export interface PersonUse {
  name: string
  pods: number
  cpu: number | undefined
  memory: number | undefined
  /** Core hours within the time range. */
  hours: number | undefined
}

export function usePeople(seconds: number): { people: PersonUse[] | undefined; error: Error | null; refetch: () => unknown } {
  const by = 'label_dais_io_user'
  const cpu = useInstant(joined(by, CPU))
  const memory = useInstant(joined(by, MEMORY))
  const hours = useInstant(joined(by, `increase(container_cpu_usage_seconds_total${CONTAINER}[${seconds}s]) / 3600`))
  const pods = useInstant(`count by (label_dais_io_user) ((kube_pod_status_phase{phase="Running"} == 1) * ${LABELLED})`)
  const people = useMemo(() => {
    if (!cpu.data) return undefined
    const of = (samples: Sample[] | undefined, name: string) => samples?.find(({ labels }) => labels.label_dais_io_user === name)?.value
    const names = new Set([cpu, hours, pods].flatMap((one) => one.data ?? []).flatMap(({ labels }) => labels.label_dais_io_user ?? []))
    return [...names]
      .map((name): PersonUse => ({ name, pods: of(pods.data, name) ?? 0, cpu: of(cpu.data, name), memory: of(memory.data, name), hours: of(hours.data, name) }))
      .toSorted((a, b) => (b.hours ?? 0) - (a.hours ?? 0))
  }, [cpu, memory, hours, pods])
  return { people, error: cpu.error, refetch: cpu.refetch }
}
