import type { MessageKey, Translate } from '../../i18n'
import { duration, metric as plain, number } from '../../i18n/format'
import { ABSENT, type Figures, type Metric, type Standing } from './arms'

const MINUS = '−'

/** A share with the digits that tell something: 12.4%, 3.21%, 0.034%. */
export function portion(share: number | undefined): string {
  if (share === undefined || !Number.isFinite(share)) return '—'
  const value = share * 100
  const size = Math.abs(value)
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : 2
  const text = size > 0 && size < 1 ? String(Number(size.toPrecision(2))) : number(size, digits)
  return `${value < 0 ? MINUS : ''}${text}%`
}

/** "+3.2%": of a difference. */
export function signed(share: number | undefined): string {
  if (share === undefined || !Number.isFinite(share)) return '—'
  return share > 0 ? `+${portion(share)}` : portion(share)
}

export const isShare = ({ source, kind }: Metric): boolean => source?.builtin === 'errors' || (!source?.builtin && kind !== 'mean')

/** A value of a metric, with its unit. */
export function valueWords(of: Metric, value: number | undefined): string {
  if (of.source?.builtin === 'latency') return value === 0 ? '0 s' : duration(value)
  return isShare(of) ? portion(value) : plain(value)
}

/** A difference in units of the metric, with its sign; of shares in percentage points, which are not percents of the control. */
export function differenceWords(of: Metric, value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return '—'
  if (isShare(of)) return signed(value).replace('%', ' pp')
  return `${value > 0 ? '+' : value < 0 ? MINUS : ''}${valueWords(of, Math.abs(value))}`
}

const NEARLY = 0.999

/** A chance is never certain. */
export function chance(share: number): string {
  if (share > NEARLY) return '> 99.9%'
  return share < 1 - NEARLY ? '< 0.1%' : `${number(share * 100, 1)}%`
}

export const pValue = (p: number): string => (p < 0.001 ? 'p < 0.001' : `p = ${Number(p.toPrecision(2))}`)

const STANDING: Record<Standing, MessageKey> = { better: 'abtests.better', worse: 'abtests.worse', open: 'abtests.open' }

/** What is known of a variant beside the control, and how surely. */
export function knownWords(t: Translate, standing: Standing, { chanceToWin, pValue: p }: Figures): { word: string; how: string } {
  const word = t(STANDING[standing])
  if (chanceToWin !== undefined) return { word, how: t('abtests.chance', { chance: chance(chanceToWin) }) }
  return { word, how: p === undefined ? '' : t('abtests.atAnyLook', { p: pValue(p) }) }
}

export const KIND: Record<'proportion' | 'mean', MessageKey> = { proportion: 'abtests.proportion', mean: 'abtests.mean' }
export const DIRECTION: Record<'increase' | 'decrease', MessageKey> = { increase: 'sweeps.maximize', decrease: 'sweeps.minimize' }
export const ENGINE: Record<'bayesian' | 'frequentist', MessageKey> = { bayesian: 'abtests.bayesian', frequentist: 'abtests.frequentist' }

/** What a metric is made of. */
export function sourceWords(t: Translate, { source, kind = 'proportion', name }: Metric): string {
  if (source?.builtin) return t(source.builtin === 'latency' ? 'abtests.ofLatency' : 'abtests.ofErrors')
  const how = t(KIND[kind])
  if (source?.dataset) return t('abtests.ofDataset', { how, dataset: source.dataset.name, column: source.dataset.value })
  return t('abtests.ofFeedback', { how, name: source?.feedback ?? name })
}

/** Whose requests are one subject's. */
export function keyWords(t: Translate, { header, cookie, body }: { header?: string; cookie?: string; body?: string }): string {
  if (header) return t('abtests.keyHeader', { name: header })
  return cookie ? t('abtests.keyCookie', { name: cookie }) : t('abtests.keyBody', { name: body ?? '' })
}

const UNITS = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const

/** "90", "30s", "10m", "2h", "1.5d", "1w" as seconds; undefined when that is not what it says. */
export function secondsOf(text: string | undefined): number | undefined {
  const [, amount, unit = 's'] = /^\s*(\d+(?:\.\d+)?)\s*([smhdw])?\s*$/.exec(text ?? '') ?? []
  const seconds = Math.round(Number(amount) * UNITS[unit as keyof typeof UNITS])
  return amount !== undefined && seconds >= 1 ? seconds : undefined
}

/** The end of a test in words: what ends it by itself. */
export function untilWords(t: Translate, until: { time?: string; requests?: number; subjects?: number; decided?: boolean } | undefined, when: (time: string) => string): string {
  const { time, requests, subjects, decided } = until ?? {}
  const parts = [
    decided && t('abtests.untilDecided'), time && t('abtests.untilTime', { time: when(time) }),
    subjects && t('abtests.untilSubjects', { count: number(subjects, 0) }), requests && t('abtests.untilRequests', { count: number(requests, 0) }),
  ].filter(Boolean)
  return parts.length > 0 ? parts.join(t('abtests.or')) : t('abtests.endless')
}

export const certainty = (alpha: number | undefined): string => portion(1 - (alpha ?? ABSENT.alpha))
