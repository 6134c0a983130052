import type { InferenceService } from '../../api/generated'
import type { Translate } from '../../i18n'
import { ABSENT } from './draft'

export interface Scale {
  ready: number
  /** How many there are to be now. */
  wanted: number
  range?: { min: number; max: number }
  /** Nothing runs, since nobody asks. */
  asleep: boolean
}

export function scaleOf({ spec, status }: InferenceService): Scale {
  const rule = spec.autoscaling
  const ready = status?.readyReplicas ?? 0
  if (!rule) return { ready, wanted: spec.replicas ?? 1, asleep: false }
  const wanted = status?.scale?.replicas ?? 1
  return { ready, wanted, range: { min: rule.minReplicas ?? 0, max: rule.maxReplicas }, asleep: wanted === 0 }
}

/** "2 / 2", or "1 of 0–4" where requests decide. */
export function scaleShort(t: Translate, service: InferenceService): string {
  const { ready, wanted, range } = scaleOf(service)
  return range ? t('services.replicasRange', { ready, ...range }) : t('services.replicasOf', { ready, wanted })
}

/** For the head of the page. */
export function scaleWords(t: Translate, service: InferenceService): string {
  const { ready, wanted, range, asleep } = scaleOf(service)
  if (asleep && range) return t('services.asleepUpTo', { max: range.max })
  return range ? t('services.replicasScaled', { ready, wanted, ...range }) : t('services.replicasReady', { ready, wanted })
}

/** Seconds until servers are stopped, when fewer would be enough and stay so. */
export function secondsLeft({ spec, status }: InferenceService, now: number): number | undefined {
  const since = status?.scale?.lowSince
  if (!spec.autoscaling || !since) return undefined
  const idle = spec.autoscaling.idleSeconds ?? ABSENT.idleSeconds
  return Math.min(idle, Math.max(0, idle - (now - Date.parse(since)) / 1000))
}
