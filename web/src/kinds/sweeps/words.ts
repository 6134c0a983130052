import type { SweepSpec } from '../../api/generated'
import type { MessageKey, Translate } from '../../i18n'

/** The choices of a search, in words. */
export const ALGORITHM: Record<'grid' | 'random' | 'tpe', MessageKey> = { grid: 'sweeps.grid', random: 'sweeps.random', tpe: 'sweeps.tpe' }
export const GOAL: Record<'maximize' | 'minimize', MessageKey> = { maximize: 'sweeps.maximize', minimize: 'sweeps.minimize' }
export const STOPPING: Record<'none' | 'median' | 'halving', MessageKey> = { none: 'sweeps.noStopping', median: 'sweeps.median', halving: 'sweeps.halving' }
export const TYPE: Record<'double' | 'int' | 'categorical', MessageKey> = { double: 'sweeps.double', int: 'sweeps.int', categorical: 'sweeps.categorical' }

/** The rule by which trials are ended early, with its figures; defaults are those of the API. */
export function stoppingWords(t: Translate, rule: SweepSpec['earlyStopping']): string {
  if (!rule) return t('sweeps.noStopping')
  if (rule.name === 'halving') return t('sweeps.halvingRule', { factor: rule.factor ?? 3, steps: rule.minSteps ?? 1 })
  return t('sweeps.medianRule', { trials: rule.minTrials ?? 5, steps: rule.minSteps ?? 1 })
}
