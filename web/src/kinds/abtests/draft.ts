import type { ABTest, ABTestSpec } from '../../api/generated'
import type { Metric, Variant } from './arms'
import { secondsOf } from './words'

/** What a field for numbers holds; `null` when it was emptied. */
export type Amount = number | null

export interface VariantDraft {
  name?: string
  serves?: 'service' | 'model'
  service?: string
  model?: string
  weight?: Amount
}

export interface ColumnsDraft {
  name?: string
  whose?: 'key' | 'requestId'
  column?: string
  value?: string
  time?: string
}

export interface MetricDraft {
  name?: string
  source?: 'feedback' | 'latency' | 'errors' | 'dataset'
  feedback?: string
  dataset?: ColumnsDraft
  kind?: 'proportion' | 'mean'
  direction?: 'increase' | 'decrease'
  /** In percent of the control. */
  minimumEffect?: Amount
  before?: 'nothing' | 'feedback' | 'dataset'
  beforeFeedback?: string
  beforeDataset?: ColumnsDraft
  guard?: 'none' | 'share' | 'amount'
  /** In percent, for `share` and for what is itself a share. */
  maxWorse?: Amount
}

/** What the form holds. */
export interface TestDraft {
  name?: string
  variants: VariantDraft[]
  route?: string
  keyFrom: 'header' | 'cookie' | 'body'
  key?: string
  exclude?: string[]
  salt?: string
  ramp: { percent?: Amount; lasts?: string }[]
  metrics: MetricDraft[]
  primary?: string
  engine: 'bayesian' | 'frequentist'
  /** These three in percent. */
  chanceToWin?: Amount
  alpha?: Amount
  power?: Amount
  minSubjects?: Amount
  tuning?: Amount
  window?: string
  decided: boolean
  endTime?: string
  endSubjects?: Amount
  endRequests?: Amount
  weights: 'fixed' | 'bandit'
  every?: string
  minPercent?: Amount
  banditSubjects?: Amount
  shadow: 'nobody' | 'service' | 'model'
  shadowService?: string
  shadowModel?: string
  shadowPercent?: Amount
  tolerance?: Amount
  ignore?: string[]
}

export const NEW_METRIC: MetricDraft = { source: 'feedback', kind: 'proportion', direction: 'increase', before: 'nothing', guard: 'none' }

/** Two halves, one metric to be named, and errors watched over: what most people want. */
export const BLANK: TestDraft = {
  variants: [{ name: 'control', serves: 'service', weight: 50 }, { name: 'challenger', serves: 'service', weight: 50 }],
  keyFrom: 'header', ramp: [], engine: 'frequentist', decided: false, weights: 'fixed', shadow: 'nobody', shadowPercent: 10,
  metrics: [NEW_METRIC, { ...NEW_METRIC, name: 'errors', source: 'errors', direction: 'decrease', guard: 'amount', maxWorse: 1 }],
}

/** Fields left empty are left out: the platform has its own defaults. */
const given = <T extends object>(fields: T) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null && value !== '' && value !== false)) as { [K in keyof T]?: NonNullable<T[K]> }
const some = <K extends string, T extends object>(key: K, fields: T): { [key in K]?: T } => (Object.keys(fields).length > 0 ? { [key]: fields } : {}) as { [key in K]?: T }

/** 5 → 0.05, without the noise of binary numbers. */
const part = (percent: Amount | undefined): number | undefined => (percent === undefined || percent === null ? undefined : Number((percent / 100).toPrecision(12)))

const variantOf = ({ name = '', serves, service, model, weight }: VariantDraft): Variant => ({ name, ...given(serves === 'model' ? { model } : { service }), weight: weight ?? 0 })

const columnsOf = ({ name = '', whose = 'key', column = '', value = '', time }: ColumnsDraft = {}) => ({ name, [whose]: column, value, ...given({ time }) })

/** Shares are asked for in percent, everything else as it is. */
export const isShare = ({ source, kind }: MetricDraft): boolean => source === 'errors' || (source !== 'latency' && kind !== 'mean')

function sourceOf({ source, name, feedback, dataset }: MetricDraft): Pick<Metric, 'source'> {
  if (source === 'latency' || source === 'errors') return { source: { builtin: source } }
  if (source === 'dataset') return { source: { dataset: columnsOf(dataset) } }
  return feedback && feedback !== name ? { source: { feedback } } : {}
}

function covariateOf({ before, beforeFeedback, beforeDataset }: MetricDraft): Pick<Metric, 'covariate'> {
  if (before === 'feedback') return { covariate: { ...given({ feedback: beforeFeedback }) } }
  return before === 'dataset' ? { covariate: { dataset: columnsOf(beforeDataset) } } : {}
}

function metricOf(draft: MetricDraft): Metric {
  const { name = '', kind, direction = 'increase', source, minimumEffect } = draft
  const isBuiltin = source === 'latency' || source === 'errors'
  return { name, ...(kind === 'mean' && !isBuiltin && { kind }), direction, ...sourceOf(draft), ...(!isBuiltin && covariateOf(draft)), ...given({ minimumEffect: part(minimumEffect) }) }
}

/** Metrics that nobody may harm, in their order. */
export const guarded = (metrics: readonly MetricDraft[]): MetricDraft[] => metrics.filter(({ guard }) => guard === 'share' || guard === 'amount')

function guardrailOf(draft: MetricDraft): NonNullable<ABTestSpec['guardrails']>[number] {
  const { name = '', guard, maxWorse } = draft
  const amount = maxWorse ?? 0
  return { metric: name, ...(guard === 'share' ? { maxWorse: part(amount) ?? 0 } : { maxWorseBy: isShare(draft) ? (part(amount) ?? 0) : amount }) }
}

function shadowOf({ shadow, shadowService, shadowModel, shadowPercent, tolerance, ignore }: TestDraft): Pick<ABTestSpec, 'shadow'> {
  if (shadow === 'nobody') return {}
  return { shadow: { ...given(shadow === 'model' ? { model: shadowModel } : { service: shadowService }), percent: shadowPercent ?? 0, ...given({ tolerance }), ...(ignore && ignore.length > 0 && { ignore }) } }
}

/** Whether a test may end as soon as it is decided: not by a chance that is looked at until it is high, nor by figures that weights have biased. */
export const mayDecide = ({ engine, weights }: Pick<TestDraft, 'engine' | 'weights'>): boolean => engine === 'frequentist' && weights === 'fixed'

/** The object that a draft stands for. */
export function testOf(draft: TestDraft, project: string): ABTest {
  const { metrics, engine } = draft
  const isBayesian = engine === 'bayesian'
  const analysis = { ...(isBayesian && { engine }), ...given({ ...(isBayesian ? { chanceToWin: part(draft.chanceToWin) } : { tuning: draft.tuning }), alpha: part(draft.alpha), power: part(draft.power), minSubjects: draft.minSubjects }) }
  const until = given({ decided: draft.decided && mayDecide(draft), time: draft.endTime, subjects: draft.endSubjects, requests: draft.endRequests })
  const guardrails = guarded(metrics).map(guardrailOf)
  return {
    apiVersion: 'dais.io/v1alpha1',
    kind: 'ABTest',
    metadata: { name: draft.name ?? '', namespace: project },
    spec: {
      variants: draft.variants.map(variantOf),
      ...given({ route: draft.route, salt: draft.salt, windowSeconds: secondsOf(draft.window) }),
      key: { [draft.keyFrom]: draft.key ?? '' },
      ...(draft.exclude && draft.exclude.length > 0 && { exclude: draft.exclude }),
      ...(draft.ramp.length > 0 && { ramp: draft.ramp.map(({ percent, lasts }) => ({ percent: percent ?? 0, seconds: secondsOf(lasts) ?? 0 })) }),
      metrics: metrics.map(metricOf),
      primary: primaryOf(draft),
      ...(guardrails.length > 0 && { guardrails }),
      ...some('analysis', analysis),
      ...some('until', until),
      ...(draft.weights === 'bandit' && { bandit: given({ everySeconds: secondsOf(draft.every), minPercent: draft.minPercent, minSubjects: draft.banditSubjects }) }),
      ...shadowOf(draft),
    },
  }
}

/** The one that was chosen, if it is still there; else the first. */
export function primaryOf({ metrics, primary }: Pick<TestDraft, 'metrics' | 'primary'>): string {
  return (metrics.find(({ name }) => name !== undefined && name === primary) ?? metrics[0])?.name ?? ''
}
