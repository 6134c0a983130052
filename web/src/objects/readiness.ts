import type { Condition } from '../api/meta'
import type { Tone } from '../components/tone'
import type { MessageKey } from '../i18n'

export interface Readiness {
  tone: Tone
  word: MessageKey
  busy: boolean
  reason?: string | undefined
  message?: string | undefined
}

/** Reasons that pass by themselves: no person is needed. */
const UNDER_WAY = new Set(['Progressing', 'Building', 'Starting', 'Pending', 'Queued', 'Resolving', 'EnvironmentNotReady'])
/** Wants a person, and is no failure. */
const WAITING = new Set(['NoVersion', 'Unschedulable', 'Suspended', 'Stopped'])
/** All is well, and something is to be known: a service that sleeps, a version that was taken back. */
const WELL: Record<string, Pick<Readiness, 'tone' | 'word'>> = {
  Asleep: { tone: 'muted', word: 'ready.asleep' },
  RolledBack: { tone: 'warning', word: 'ready.yes' },
}

export function readiness(conditions: Condition[] | undefined): Readiness {
  const ready = conditions?.find((one) => one.type === 'Ready')
  if (!ready) return { tone: 'muted', word: 'ready.unknown', busy: true }
  const { reason, message } = ready
  if (ready.status === 'True') return { ...(WELL[reason ?? ''] ?? { tone: 'success', word: 'ready.yes' }), busy: false, reason, message }
  if (reason === 'NoVersion') return { tone: 'muted', word: 'ready.empty', busy: false, reason, message }
  if (ready.status === 'Unknown' || UNDER_WAY.has(reason ?? '')) return { tone: 'accent', word: 'ready.underway', busy: true, reason, message }
  return { tone: WAITING.has(reason ?? '') ? 'warning' : 'error', word: 'ready.no', busy: false, reason, message }
}
