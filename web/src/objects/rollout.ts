import type { InferenceService } from '../api/generated'

/** A new version on its way in, or taken back; of every kind that has them. */
export type Rollout = NonNullable<NonNullable<InferenceService['status']>['rollout']>

/** What holds where nothing is said; the platform's own. */
export const ROLLOUT_ABSENT = { stepSeconds: 60, minRequests: 20, maxFailurePercent: 5 } as const

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

export type Rule = NonNullable<InferenceService['spec']['rollout']>

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
  const wantedRequests = rule.minRequests ?? ROLLOUT_ABSENT.minRequests
  const wantedSeconds = rule.stepSeconds ?? ROLLOUT_ABSENT.stepSeconds
  const allowedPercent = rule.maxFailurePercent ?? ROLLOUT_ABSENT.maxFailurePercent
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
