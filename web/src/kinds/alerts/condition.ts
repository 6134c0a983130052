import type { Rule } from '../../api/rules'
import type { Tone } from '../../components/tone'
import type { MessageKey } from '../../i18n'

const HEALTH: Record<Rule['health'], [Tone, MessageKey]> = { ok: ['success', 'rules.ok'], err: ['error', 'rules.err'], unknown: ['muted', 'rules.unknown'] }

/** When a rule had its last turn; what never had one has the year 1. */
export const evaluatedAt = ({ lastEvaluation: time }: Rule): string | undefined => (time && !time.startsWith('0001') ? time : undefined)

/** A rule that is never evaluated: it has an error and never had a turn to have it in. */
export const isRefused = (rule: Rule): boolean => rule.health === 'err' && !evaluatedAt(rule)

export const conditionOf = (rule: Rule): [Tone, MessageKey] => (isRefused(rule) ? ['error', 'rules.refused'] : (HEALTH[rule.health] ?? HEALTH.unknown))
