import { stepOf, type LogPage, type LogWindow } from '../../api/logs'
import type { Tone } from '../../components/tone'

/** From the ground up: what needs a person is nearest to the ground, so that it lines up. */
export const STACK: [Tone, string[]][] = [
  ['error', ['error', 'fatal']],
  ['warning', ['warn', 'warning']],
  ['accent', ['info']],
  ['muted', ['debug', 'trace', '']],
]

export interface Bar extends LogWindow {
  /** In the order of STACK. */
  counts: number[]
  total: number
}

const other = STACK.length - 1

/** Counts by level over equal steps, which begin before the window where the server's do; a level of another name counts as none. */
export function barsOf(histogram: LogPage['histogram'], window: LogWindow): Bar[] {
  const step = stepOf(window)
  const begin = Math.floor(window.from / step) * step
  const bars = Array.from({ length: Math.floor(window.to / step) - begin / step + 1 }, (_, index): Bar => ({
    from: begin + index * step, to: begin + (index + 1) * step - 1, counts: STACK.map(() => 0), total: 0,
  }))
  for (const { time, counts } of histogram) {
    const bar = bars[Math.floor((time - begin) / step)]
    if (!bar) continue
    for (const [level, count] of Object.entries(counts)) {
      const place = STACK.findIndex(([, levels]) => levels.includes(level))
      const index = place < 0 ? other : place
      bar.counts[index] = (bar.counts[index] ?? 0) + count
      bar.total += count
    }
  }
  return bars
}
