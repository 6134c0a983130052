import { useMemo } from 'react'
import type { InferenceService, TrainingJob } from '../../api/generated'
import { EVENTS, INFERENCE_SERVICES, LABELS, PODS, TRAINING_JOBS } from '../../api/kinds'
import type { KubeEvent, Pod } from '../../api/meta'
import { useList, type Listed } from '../../api/useKube'
import { appOf } from '../jobs/phase'
import { serviceApp } from '../services/traffic'

const POLL_MS = 5000

export interface Application {
  services: InferenceService[] | undefined
  jobs: TrainingJob[] | undefined
  pods: Listed<Pod>
  /** Names of everything that belongs to it. */
  names: Set<string>
  error: Error | null
  refetch: () => unknown
}

/** Everything in a project that carries the name of one application. */
export function useApplication(project: string, name: string): Application {
  const allServices = useList(INFERENCE_SERVICES, { namespace: project, live: POLL_MS })
  const allJobs = useList(TRAINING_JOBS, { namespace: project, live: POLL_MS })
  const pods = useList(PODS, { namespace: project, labels: `${LABELS.app}=${name}`, live: POLL_MS })
  const services = useMemo(() => allServices.data?.filter((one) => serviceApp(one) === name), [allServices.data, name])
  const jobs = useMemo(() => allJobs.data?.filter((one) => appOf(one) === name), [allJobs.data, name])
  const names = useMemo(
    () => new Set([...(services ?? []), ...(jobs ?? []), ...(pods.data ?? [])].map((one) => one.metadata.name)),
    [services, jobs, pods.data],
  )
  return { services, jobs, pods, names, error: allServices.error ?? allJobs.error, refetch: () => Promise.all([allServices.refetch(), allJobs.refetch(), pods.refetch()]) }
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
