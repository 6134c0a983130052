import { useMemo } from 'react'
import type { KubeObject } from '../../api/meta'
import { APPLICATIONS, INFERENCE_SERVICES, TRAINING_JOBS } from '../../api/kinds'
import { useInstant, useRanged, type Sample, type Series } from '../../api/prom'
import { isNarrowed, NOTHING, type Filters } from '../../components/filters'
import type { Range } from '../../components/range'
import { useEverywhere } from '../../frame/useEverywhere'
import { appOf } from '../jobs/phase'
import { serviceApp } from '../services/traffic'
import { hours as integrated, peopleOf } from '../../objects/queries/person'
import { ACCELERATORS, select } from '../../objects/queries/select'
import { narrowing } from '../../objects/queries/whose'

/** Use by application and by person: container metrics joined with pod labels. */

const CONTAINER = '{container!="",container!="POD"}'
const LABELLED = 'on (namespace, pod) group_left (label_dais_io_app, label_dais_io_user) kube_pod_labels{label_dais_io_app!=""}'
const joined = (by: string, series: string, more: string) => `sum by (${by}) (${series} * ${LABELLED}${more})`
const CPU = `rate(container_cpu_usage_seconds_total${CONTAINER}[2m])`
const MEMORY = `container_memory_working_set_bytes${CONTAINER}`
const GPU = `kube_pod_container_resource_requests${select(ACCELERATORS)}`

export interface App {
  project: string
  name: string
  cpu: number | undefined
  memory: number | undefined
  accelerators: number | undefined
  rate: number | undefined
  p99: number | undefined
  running: number
  /** Cpu over the time range. */
  trend: number[] | undefined
}

const values = (series: Series | undefined) => series?.points.map(([, value]) => value)

/** What each application uses now and used over the range; with filters, what of it they ask for. */
export function useApps({ seconds, end }: Range, filters: Filters = NOTHING): { apps: App[] | undefined; error: Error | null; refetch: () => unknown } {
  const by = 'namespace, label_dais_io_app'
  const more = narrowing(filters)
  // Whoever asks for a person or a machine asks for what runs.
  const running = isNarrowed({ ...filters, app: '' })
  const cpu = useInstant(joined(by, CPU, more))
  const memory = useInstant(joined(by, MEMORY, more))
  const gpu = useInstant(joined(by, GPU, more))
  const rate = useInstant('sum by (namespace, service) (rate(dais_gateway_requests_total[2m]))')
  const p99 = useInstant('histogram_quantile(0.99, sum by (namespace, service, le) (rate(dais_gateway_request_duration_seconds_bucket[5m])))')
  const trend = useRanged(joined(by, CPU, more), seconds, end)
  const services = useEverywhere(INFERENCE_SERVICES)
  const programs = useEverywhere(APPLICATIONS)
  const jobs = useEverywhere(TRAINING_JOBS)
  const apps = useMemo(() => {
    if (!cpu.data && !services.data && !jobs.data) return undefined
    const found = new Map<string, App>()
    const of = (project = '', name = ''): App => {
      const key = `${project}/${name}`
      const known = found.get(key) ?? { project, name, cpu: undefined, memory: undefined, accelerators: undefined, rate: undefined, p99: undefined, running: 0, trend: undefined }
      found.set(key, known)
      return known
    }
    const add = (samples: Sample[] | undefined, put: (app: App, value: number) => void) => {
      for (const { labels, value } of samples ?? []) if (labels.label_dais_io_app) put(of(labels.namespace, labels.label_dais_io_app), value)
    }
    add(cpu.data, (app, value) => { app.cpu = value })
    add(memory.data, (app, value) => { app.memory = value })
    add(gpu.data, (app, value) => { app.accelerators = value })
    for (const series of trend.data ?? []) {
      const { namespace, label_dais_io_app: name } = series.labels
      if (name) of(namespace, name).trend = values(series)
    }
    const wanted = ({ metadata: { namespace } }: KubeObject, name: string) => (!filters.app || name === filters.app) && (!running || found.has(`${namespace}/${name}`))
    for (const job of jobs.data ?? []) {
      if (job.status?.phase === 'Running' && wanted(job, appOf(job))) of(job.metadata.namespace, appOf(job)).running += 1
    }
    // What the gateway counts requests for: a service, or a program with a route.
    const counted = [...(services.data ?? []).map((one) => ({ one, name: serviceApp(one) })), ...(programs.data ?? []).filter(({ spec }) => spec.route).map((one) => ({ one, name: one.metadata.name }))]
    for (const { one, name } of counted.filter((each) => wanted(each.one, each.name))) {
      const { metadata } = one
      const app = of(metadata.namespace, name)
      const mine = ({ labels }: Sample) => labels.namespace === metadata.namespace && labels.service === metadata.name
      app.rate = (app.rate ?? 0) + (rate.data?.find(mine)?.value ?? 0)
      const slow = p99.data?.find(mine)?.value
      if (slow !== undefined && Number.isFinite(slow)) app.p99 = Math.max(app.p99 ?? 0, slow)
      app.running += 1
    }
    return [...found.values()].toSorted((a, b) => (b.cpu ?? 0) - (a.cpu ?? 0))
  }, [cpu.data, memory.data, gpu.data, trend.data, rate.data, p99.data, services.data, programs.data, jobs.data, filters.app, running])
  return { apps, error: cpu.error ?? jobs.error, refetch: cpu.refetch }
}

export interface PersonUse {
  name: string
  pods: number
  cpu: number | undefined
  memory: number | undefined
  accelerators: number | undefined
  /** Core hours, GiB hours and card hours within the time range. */
  hours: number | undefined
  memoryHours: number | undefined
  acceleratorHours: number | undefined
  /** Cpu over the time range. */
  trend: number[] | undefined
}

const USER = 'label_dais_io_user'

/** What each person uses now and used over the range, out of metrics. */
export function usePeople({ seconds, end }: Range, filters: Filters = NOTHING): { people: PersonUse[] | undefined; error: Error | null; refetch: () => unknown } {
  const asked = peopleOf(narrowing(filters))
  const { data: cpu, error, refetch } = useInstant(asked.cpu, true, end)
  const memory = useInstant(asked.memory, true, end).data
  const accelerators = useInstant(asked.accelerators, true, end).data
  const pods = useInstant(asked.pods, true, end).data
  const hours = useInstant(integrated(asked.cpu, seconds), true, end).data
  const memoryHours = useInstant(integrated(asked.memory, seconds), true, end).data
  const acceleratorHours = useInstant(integrated(asked.accelerators, seconds), true, end).data
  const trend = useRanged(asked.cpu, seconds, end).data
  const people = useMemo(() => {
    if (!cpu) return undefined
    const of = (samples: Sample[] | undefined, name: string) => samples?.find(({ labels }) => labels[USER] === name)?.value
    const names = new Set([cpu, hours, pods, acceleratorHours].flatMap((one) => one ?? []).flatMap(({ labels }) => labels[USER] ?? []))
    return [...names]
      .map((name): PersonUse => ({
        name, pods: of(pods, name) ?? 0, cpu: of(cpu, name), memory: of(memory, name), accelerators: of(accelerators, name),
        hours: of(hours, name), memoryHours: of(memoryHours, name), acceleratorHours: of(acceleratorHours, name),
        trend: values(trend?.find(({ labels }) => labels[USER] === name)),
      }))
      .toSorted((a, b) => (b.hours ?? 0) - (a.hours ?? 0))
  }, [cpu, memory, accelerators, hours, memoryHours, acceleratorHours, pods, trend])
  return { people, error, refetch }
}
