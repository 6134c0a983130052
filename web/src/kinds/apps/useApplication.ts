import { useMemo } from 'react'
import type { Application as App, InferenceService, Notebook, TrainingJob } from '../../api/generated'
import { APPLICATIONS, EVENTS, INFERENCE_SERVICES, LABELS, NOTEBOOKS, PODS, TRAINING_JOBS } from '../../api/kinds'
import type { KubeEvent, Pod } from '../../api/meta'
import { useList, type Listed } from '../../api/useKube'
import { appOf } from '../jobs/phase'
import { serviceApp } from '../services/traffic'

const POLL_MS = 5000

/** What an application consists of. */
export interface Consists {
  /** The Application of this name: one or none. */
  programs: App[]
  services: InferenceService[]
  notebooks: Notebook[]
  jobs: TrainingJob[]
}

export interface Application {
  /** Undefined while it is asked. */
  of: Consists | undefined
  pods: Listed<Pod>
  /** Names of everything that belongs to it. */
  names: Set<string>
  error: Error | null
  refetch: () => unknown
}

/** What the gateway leads requests to: services, and programs with a route. */
export const answering = ({ services, programs }: Consists): string[] => [...services, ...programs.filter(({ spec }) => spec.route)].map(({ metadata }) => metadata.name)

/** Who may see services and not these sees the page without them. */
const known = <T>({ data, error }: Listed<T>): T[] | undefined => data ?? (error ? [] : undefined)

/** Everything in a project that carries the name of one application. */
export function useApplication(project: string, name: string): Application {
  const live = { namespace: project, live: POLL_MS }
  const programs = useList(APPLICATIONS, live)
  const services = useList(INFERENCE_SERVICES, live)
  const notebooks = useList(NOTEBOOKS, live)
  const jobs = useList(TRAINING_JOBS, live)
  const pods = useList(PODS, { ...live, labels: `${LABELS.app}=${name}` })
  const asked = [services, jobs, pods, programs, notebooks]
  const of = useMemo((): Consists | undefined => {
    const [apps, books] = [known(programs), known(notebooks)]
    if (!apps || !services.data || !books || !jobs.data) return undefined
    return {
      programs: apps.filter((one) => one.metadata.name === name),
      services: services.data.filter((one) => serviceApp(one) === name),
      notebooks: books.filter((one) => one.metadata.name === name),
      jobs: jobs.data.filter((one) => appOf(one) === name),
    }
    // The answers are compared, not the lists around them: those are new each time.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [programs.data, programs.error, services.data, notebooks.data, notebooks.error, jobs.data, name])
  const names = useMemo(
    () => new Set([...(of ? Object.values(of).flat() : []), ...(pods.data ?? [])].map((one) => one.metadata.name)),
    [of, pods.data],
  )
  return { of, pods, names, error: services.error ?? jobs.error ?? pods.error, refetch: () => Promise.all(asked.map((one) => one.refetch())) }
}

export const seenAt = (event: KubeEvent): number => Date.parse(event.lastTimestamp ?? event.eventTime ?? event.firstTimestamp ?? event.metadata.creationTimestamp ?? '')

/** Warnings about the application's objects, for marks on the time axis. */
export function useWarnings(project: string, names: Set<string>): KubeEvent[] {
  const events = useList(EVENTS, { namespace: project, live: POLL_MS })
  return useMemo(
    () => (events.data ?? []).filter((one) => one.type === 'Warning' && names.has(one.involvedObject.name ?? '')),
    [events.data, names],
  )
}
