import type { ABTest } from '../../api/generated'
import type { Condition } from '../../api/meta'
import type { Tone } from '../../components/tone'
import type { MessageKey } from '../../i18n'

export type Phase = NonNullable<NonNullable<ABTest['status']>['phase']>

export const PHASES: Record<Phase, { word: MessageKey; tone: Tone }> = {
  Pending: { word: 'phase.Pending', tone: 'muted' },
  Running: { word: 'phase.Running', tone: 'accent' },
  Suspended: { word: 'phase.Suspended', tone: 'warning' },
  Stopped: { word: 'phase.Stopped', tone: 'muted' },
  Succeeded: { word: 'abtests.phaseEnded', tone: 'success' },
  Promoted: { word: 'abtests.phasePromoted', tone: 'success' },
}

const FINAL: ReadonlySet<Phase> = new Set<Phase>(['Stopped', 'Succeeded', 'Promoted'])
export const phaseOf = (test: ABTest): Phase => test.status?.phase ?? 'Pending'
export const isOver = (test: ABTest): boolean => FINAL.has(phaseOf(test))

const readyOf = (test: ABTest): Condition | undefined => test.status?.conditions?.find(({ type }) => type === 'Ready')

/** The test goes on, and its figures are less sure. */
const DOUBTFUL = new Set(['VariantNotReady', 'VariantChanged'])
/** A person has to do something about these. */
const WRONG = new Set(['ServiceNotFound', 'ModelNotFound', 'AddressTaken', 'Invalid', 'GuardrailHarmed'])

export interface Why {
  tone: Tone
  reason: string
  message: string
}

/** Why a test stands where it stands; nothing while it runs and all is well. */
export function whyOf(test: ABTest): Why | undefined {
  const ready = readyOf(test)
  if (!ready?.reason) return undefined
  const phase = phaseOf(test)
  const isWell = phase === 'Running' && ready.reason === 'Running'
  if (isWell) return undefined
  const calm = DOUBTFUL.has(ready.reason) ? 'warning' : PHASES[phase].tone
  return { tone: WRONG.has(ready.reason) ? 'error' : calm, reason: ready.reason, message: ready.message ?? '' }
}
