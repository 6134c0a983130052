/** The ruler that the intervals of one metric share. */
export interface Scale {
  low: number
  high: number
  ticks: number[]
}

interface Reach {
  lower: number
  upper: number
}

/** Nothing beyond twice the control is drawn: an early interval would press all others flat. */
const FARTHEST = 2
/** Part of the ruler that stays free at each end. */
const MARGIN = 0.06
const NICE = [1, 2, 5, 10]
const TICKS = 4

const clipped = (value: number): number => Math.min(FARTHEST, Math.max(-FARTHEST, value))

/** A round number of `whole / TICKS` or a bit more. */
function stepOf(whole: number): number {
  const rough = whole / TICKS
  const power = 10 ** Math.floor(Math.log10(rough))
  return (NICE.find((one) => one * power >= rough) ?? 10) * power
}

/** Has room for every interval, for zero and for `marks`. */
export function scaleOf(intervals: readonly Reach[], marks: readonly number[] = []): Scale {
  const ends = [0, ...marks, ...intervals.flatMap(({ lower, upper }) => [lower, upper])].filter((one) => Number.isFinite(one)).map(clipped)
  const [least, most] = [Math.min(...ends), Math.max(...ends)]
  const [from, to] = most > least ? [least, most] : [-0.1, 0.1]
  const margin = (to - from) * MARGIN
  const [low, high] = [from - margin, to + margin]
  const step = stepOf(high - low)
  const first = Math.ceil(low / step)
  const count = Math.floor(high / step) - first + 1
  return { low, high, ticks: Array.from({ length: count }, (_, at) => (first + at) * step) }
}

/** Where a value stands, from 0 at the left to 100 at the right. */
export function placeOn({ low, high }: Scale, value: number): number {
  return Math.min(100, Math.max(0, ((value - low) / (high - low)) * 100))
}

/** An interval as it is drawn, and whether it goes on beyond an end. */
export function stretchOn(scale: Scale, { lower, upper }: Reach) {
  const left = placeOn(scale, lower)
  return { left, width: placeOn(scale, upper) - left, cutLeft: lower < scale.low, cutRight: upper > scale.high }
}
