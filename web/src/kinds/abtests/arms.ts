import type { ABTest, ABTestSpec, ABTestStatus } from '../../api/generated'

export type Metric = ABTestSpec['metrics'][number]
export type Variant = ABTestSpec['variants'][number]
export type Counted = NonNullable<ABTestStatus['variants']>[number]
export type Figures = NonNullable<ABTestStatus['metrics']>[number]['variants'][number]
export type Guardrail = NonNullable<ABTestStatus['guardrails']>[number]

/** What holds where nothing is said; the platform's own. */
export const ABSENT = { minSubjects: 100, chanceToWin: 0.95, alpha: 0.05, power: 0.8, tuning: 5000, windowSeconds: 604_800, everySeconds: 3600, minPercent: 5 } as const

export const controlOf = (test: ABTest): string => test.spec.variants[0]?.name ?? ''
export const engineOf = (test: ABTest) => test.spec.analysis?.engine ?? 'frequentist'
export const leastSubjects = (test: ABTest): number => test.spec.analysis?.minSubjects ?? ABSENT.minSubjects
export const countedOf = (test: ABTest, variant: string): Counted | undefined => test.status?.variants?.find(({ name }) => name === variant)

/** Out of 1, as the status has it; before there is one, as the weights say. */
export function sharesOf(test: ABTest): number[] {
  const counted = test.status?.variants
  if (counted?.length === test.spec.variants.length) return counted.map(({ share }) => share)
  return portions(test.spec.variants.map(({ weight }) => weight ?? 1))
}

/** Weights as parts of 1; equal parts where nobody has any. */
export function portions(weights: readonly number[]): number[] {
  const sum = weights.reduce((all, one) => all + one, 0)
  return weights.map((one) => (sum > 0 ? one / sum : 1 / weights.length))
}

/** The one that decides comes first. */
export function metricsOf(test: ABTest): Metric[] {
  const { metrics, primary } = test.spec
  return metrics.toSorted((a, b) => Number(b.name === primary) - Number(a.name === primary))
}

/** One variant's row of a metric. */
export interface Arm {
  variant: string
  isControl: boolean
  /** Place in the spec: its colour. */
  index: number
  figures?: Figures
}

export function armsOf(test: ABTest, metric: Metric): Arm[] {
  const found = test.status?.metrics?.find(({ name }) => name === metric.name)
  return test.spec.variants.map(({ name }, index) => {
    const figures = found?.variants.find(({ variant }) => variant === name)
    return { variant: name, isControl: index === 0, index, ...(figures && { figures }) }
  })
}

/** Whether a variant is known to be better than the control, or worse. */
export type Standing = 'better' | 'worse' | 'open'

export function standingOf(test: ABTest, metric: Metric, { figures, isControl }: Arm): Standing {
  if (isControl || !figures || test.status?.mismatch?.alarm || fewestOf(test, metric.name) < leastSubjects(test)) return 'open'
  const { alpha = ABSENT.alpha, chanceToWin = ABSENT.chanceToWin } = test.spec.analysis ?? {}
  if (figures.chanceToWin !== undefined) {
    if (figures.chanceToWin >= chanceToWin) return 'better'
    return figures.chanceToWin <= 1 - chanceToWin ? 'worse' : 'open'
  }
  if (figures.pValue === undefined || figures.pValue > alpha || !figures.effect) return 'open'
  return figures.effect > 0 === (metric.direction !== 'decrease') ? 'better' : 'worse'
}

/** Subjects of the variant that has the fewest. */
export function fewestOf(test: ABTest, metric: string): number {
  const found = test.status?.metrics?.find(({ name }) => name === metric)?.variants ?? []
  return found.length === 0 ? 0 : Math.min(...found.map(({ count }) => count))
}

/** How much longer until the smallest effect worth finding would be found. */
export interface Left {
  /** Subjects that there are, of the pair that needs the most. */
  have: number
  /** More of them that are needed; undefined where it is not known. */
  subjects?: number
  seconds?: number
  /** The effect that would be found today. */
  detectable: number
}

/** Of the variant that takes longest; nothing before there is a comparison. */
export function leftOf(arms: Arm[]): Left | undefined {
  const control = arms[0]?.figures?.count ?? 0
  const compared = arms.flatMap(({ figures }) => {
    if (figures?.detectable === undefined) return []
    const { detectable, secondsLeft, subjectsLeft, count } = figures
    return [{ have: control + count, detectable, ...(subjectsLeft !== undefined && { subjects: subjectsLeft }), ...(secondsLeft !== undefined && { seconds: secondsLeft }) }]
  })
  return compared.toSorted((a: Left, b: Left) => (b.subjects ?? 0) - (a.subjects ?? 0) || b.detectable - a.detectable)[0]
}

/** The variant that does best on the metric that decides, and what is known of it. */
export function leaderOf(test: ABTest): Arm | undefined {
  const metric = metricsOf(test)[0]
  if (!metric) return undefined
  const sign = metric.direction === 'decrease' ? -1 : 1
  const others = armsOf(test, metric).filter((arm) => arm.figures?.effect !== undefined)
  return others.toSorted((a, b) => sign * ((b.figures?.effect ?? 0) - (a.figures?.effect ?? 0)))[0]
}

/** The tests that compare a service, or take its place. */
export function testsOf(tests: readonly ABTest[], service: string): ABTest[] {
  return tests.filter(({ spec, status }) => spec.route === service || spec.variants.some((one) => one.service === service) || status?.variants?.some((one) => one.service === service))
}

/** The service that a winner is promoted to; none: the test's own address goes on answering. */
export const targetOf = ({ spec }: ABTest): string | undefined => spec.route ?? spec.variants[0]?.service
