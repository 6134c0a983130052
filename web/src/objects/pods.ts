import { LABELS, PODS } from '../api/kinds'
import type { Pod } from '../api/meta'
import { useList, type Listed } from '../api/useKube'
import type { Tone } from '../components/tone'

const POLL_MS = 3000

/** The pods of one object: all that carry its kind and its name. */
export function usePods(project: string, kind: string, name: string): Listed<Pod> {
  return useList(PODS, { namespace: project, labels: `${LABELS.component}=${kind.toLowerCase()},${LABELS.instance}=${name}`, live: POLL_MS })
}

export interface PodState {
  word: string
  tone: Tone
  ready: boolean
  /** Why it is not well, in the node's words. */
  why?: string | undefined
  restarts: number
}

/** What a person wants to know of a pod, out of what Kubernetes says. */
export function podState(pod: Pod): PodState {
  const containers = pod.status?.containerStatuses ?? []
  const restarts = containers.reduce((sum, one) => sum + (one.restartCount ?? 0), 0)
  const ready = containers.length > 0 && containers.every((one) => one.ready)
  const waiting = containers.find((one) => one.state?.waiting)?.state?.waiting
  const ended = containers.find((one) => one.state?.terminated)?.state?.terminated
  const unplaced = pod.status?.conditions?.find((one) => one.type === 'PodScheduled' && one.status === 'False')
  const phase = pod.status?.phase ?? 'Pending'
  if (pod.metadata.deletionTimestamp) return { word: 'Terminating', tone: 'muted', ready: false, restarts }
  if (unplaced) return { word: unplaced.reason ?? phase, tone: 'warning', ready, why: unplaced.message, restarts }
  if (waiting) return { word: waiting.reason ?? phase, tone: waiting.reason === 'ContainerCreating' ? 'accent' : 'error', ready, why: waiting.message, restarts }
  if (ended && ended.exitCode !== 0) {
    return { word: ended.reason ?? 'Error', tone: 'error', ready, why: ended.message || `exit code ${ended.exitCode}`, restarts }
  }
  if (phase === 'Failed') return { word: pod.status?.reason ?? phase, tone: 'error', ready, why: pod.status?.message, restarts }
  const notReady = phase === 'Running' && !ready ? pod.status?.conditions?.find((one) => one.type === 'Ready')?.message : undefined
  return { word: phase, tone: phase === 'Running' ? (ready ? 'success' : 'accent') : phase === 'Succeeded' ? 'success' : 'muted', ready, why: notReady, restarts }
}
