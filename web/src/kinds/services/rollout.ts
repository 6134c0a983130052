import type { InferenceService } from '../../api/generated'
import { ABSENT } from './draft'

export type Rollout = NonNullable<NonNullable<InferenceService['status']>['rollout']>

/** "digits/8": the version of a model. */
export interface Version {
  name: string
  version: string
}
export function versionOf(label: string): Version {
  const cut = label.lastIndexOf('/')
  return cut < 0 ? { name: '', version: label } : { name: label.slice(0, cut), version: label.slice(cut + 1) }
}

/** The version that answers, where one is known. */
export function stableOf({ status }: InferenceService): Version | undefined {
  return status?.modelName && status.modelVersion ? { name: status.modelName, version: status.modelVersion } : undefined
}

/** A new version on its way in; not one that was taken back. */
export function underWay({ status }: InferenceService): Rollout | undefined {
  const rollout = status?.rollout
  return rollout && rollout.state !== 'RolledBack' ? rollout : undefined
}

export type StepState = 'done' | 'now' | 'todo' | 'failed'
export interface Step {
  percent: number
  state: StepState
}

/** The line that a version goes along: the steps, then all requests. */
export function stepsAlong(steps: readonly number[], rollout: Rollout): Step[] {
  const { state, step } = rollout
  const place = state === 'Starting' ? -1 : state === 'Promoting' ? steps.length : step
  const stateOf = (index: number): StepState => (index < place ? 'done' : index > place ? 'todo' : state === 'RolledBack' ? 'failed' : 'now')
  return [...steps, 100].map((percent, index) => ({ percent, state: stateOf(index) }))
}

type Rule = NonNullable<InferenceService['spec']['rollout']>

/** How far the step has come, and what it still waits for. */
export interface Progress {
  requests: number
  wantedRequests: number
  seconds: number
  wantedSeconds: number
  failures: number
  /** One more than these, and the version is taken back. */
  allowedFailures: number
  allowedPercent: number
}

export function progressOf(rule: Rule, rollout: Rollout, now: number): Progress {
  const wantedRequests = rule.minRequests ?? ABSENT.minRequests
  const wantedSeconds = rule.stepSeconds ?? ABSENT.stepSeconds
  const allowedPercent = rule.maxFailurePercent ?? ABSENT.maxFailurePercent
  const requests = rollout.requests ?? 0
  const passed = rollout.since ? (now - Date.parse(rollout.since)) / 1000 : 0
  return {
    requests, wantedRequests, wantedSeconds, allowedPercent,
    seconds: Math.min(wantedSeconds, Math.max(0, passed)),
    failures: rollout.failures ?? 0,
    allowedFailures: Math.floor((allowedPercent * Math.max(requests, wantedRequests)) / 100),
  }
}

/** What holds the step: its time, requests that are missing, or nothing any more. */
export const heldBy = ({ seconds, wantedSeconds, requests, wantedRequests }: Progress): 'time' | 'requests' | 'nothing' =>
  seconds < wantedSeconds ? 'time' : requests < wantedRequests ? 'requests' : 'nothing'

/** Services that a version is on its way into, or was taken back from. */
export function rolloutsOf(services: readonly InferenceService[], { name, version }: Version): { service: InferenceService; rollout: Rollout }[] {
  return services.flatMap((service) => {
    const rollout = service.status?.rollout
    return rollout?.version === `${name}/${version}` ? [{ service, rollout }] : []
  })
}

/** The mark of the servers of a version on its way in: their pods' instance and their Service end with it. */
export function nextMark({ metadata }: InferenceService): string {
  return `-next-${(metadata.uid ?? '').replace(/[^0-9a-fA-F]/g, '').slice(0, 8)}`
}
