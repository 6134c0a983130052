import type { Sweep } from '../../api/generated'

/** What a sweep's trials say, as numbers to draw: no drawing here. */

export type Trial = NonNullable<NonNullable<Sweep['status']>['trials']>[number]
export type Goal = NonNullable<Sweep['spec']['objective']['goal']>

/** The API's own default. */
const DEFAULT_TRIALS = 20
export const maxTrials = (sweep: Sweep): number => sweep.spec.maxTrials ?? DEFAULT_TRIALS

export const trialsOf = (sweep: Sweep): Trial[] => sweep.status?.trials ?? []
export const goalOf = (sweep: Sweep): Goal => sweep.spec.objective.goal ?? 'maximize'
export const hasValue = (trial: Trial): trial is Trial & { value: number } => trial.value !== undefined && Number.isFinite(trial.value)
const isBetter = (goal: Goal, a: number, b: number) => (goal === 'minimize' ? a < b : a > b)

/** The best value up to each trial that finished. Those that were ended early set no mark. */
export function bestSoFar(trials: Trial[], goal: Goal): [number, number][] {
  const points: [number, number][] = []
  for (const trial of trials.toSorted((a, b) => a.number - b.number)) {
    if (trial.state !== 'Succeeded' || !hasValue(trial)) continue
    const last = points.at(-1)?.[1]
    points.push([trial.number, last === undefined || isBetter(goal, trial.value, last) ? trial.value : last])
  }
  return points
}

/** Trials that finished, the best first. */
export function ranked(trials: Trial[], goal: Goal): (Trial & { value: number })[] {
  const finished = trials.filter(hasValue).filter((trial) => trial.state === 'Succeeded')
  return finished.toSorted((a, b) => (goal === 'minimize' ? a.value - b.value : b.value - a.value) || a.number - b.number)
}

/** One axis: a parameter, or the objective. */
export interface Dimension {
  name: string
  kind: 'value' | 'log' | 'category'
  /** Of a category, in their order. */
  values: string[]
  min?: number
  max?: number
  /** The better values are the lower ones. */
  inverse?: boolean
}

/** The searched parameters, then the objective. */
export function dimensionsOf(sweep: Sweep): Dimension[] {
  const parameters = sweep.spec.parameters.map(({ name, type, min, max, scale, values = [] }): Dimension => {
    if (type === 'categorical') return { name, kind: 'category', values }
    const kind = scale === 'log' && (min ?? 0) > 0 ? 'log' : 'value'
    return { name, kind, values: [], ...(min !== undefined && { min }), ...(max !== undefined && { max }) }
  })
  return [...parameters, { name: sweep.spec.objective.metric, kind: 'value', values: [], inverse: goalOf(sweep) === 'minimize' }]
}

/** Where a trial's parameter lies on its axis; a category by its place among the values. */
export function placeOn(dimension: Dimension, text: string | undefined): number {
  if (text === undefined) return Number.NaN
  return dimension.kind === 'category' ? dimension.values.indexOf(text) : Number(text)
}

export interface Row {
  trial: Trial & { value: number }
  /** In the order of the dimensions. */
  places: number[]
}

/** The trials that have a value, as lines through all dimensions. */
export function rowsOf(trials: Trial[], dimensions: Dimension[]): Row[] {
  const parameters = dimensions.slice(0, -1)
  return trials.filter(hasValue).map((trial) => ({
    trial, places: [...parameters.map((one) => placeOn(one, trial.parameters[one.name])), trial.value],
  }))
}

/** Stretches that were drawn on an axis, by the place of its dimension. */
export type Ranges = ReadonlyMap<number, [number, number][]>

/** Numbers of the trials that lie within a stretch of every axis that has one; none drawn, none chosen. */
export function within(rows: Row[], ranges: Ranges): number[] {
  const drawn = [...ranges].filter(([, stretches]) => stretches.length > 0)
  if (drawn.length === 0) return []
  const lies = ({ places }: Row) => drawn.every(([at, stretches]) => stretches.some(([from, to]) => (places[at] ?? Number.NaN) >= from && (places[at] ?? Number.NaN) <= to))
  return rows.filter(lies).map(({ trial }) => trial.number)
}

/** From 0, the worst of `values`, to 1, the best. */
export function goodness(value: number, values: number[], goal: Goal): number {
  const [low, high] = [Math.min(...values), Math.max(...values)]
  if (high === low) return 1
  const share = (value - low) / (high - low)
  return goal === 'minimize' ? 1 - share : share
}

/** Parameters and how much each explains, the most important first. */
export function importanceOf(sweep: Sweep): [string, number][] {
  return Object.entries(sweep.status?.importance ?? {}).toSorted(([a, x], [b, y]) => y - x || a.localeCompare(b))
}

/** `1.4.7` in the address ↔ trials that were chosen. */
export const readNumbers = (text: string): Set<number> => new Set(text.split('.').filter(Boolean).map(Number))
export const writeNumbers = (numbers: number[]): string => numbers.join('.')
