import type { Series } from '../../api/ledger'
import type { Range } from '../../components/range'

const STEP_MS = { hour: 3_600_000, day: 86_400_000 }

/** Core hours of every step of the range: the ledger leaves out those without use. */
export function filled(series: Series | undefined, { seconds, end }: Range, step: 'hour' | 'day', now = Date.now()): number[] | undefined {
  if (!series || series.points.length === 0) return undefined
  const length = STEP_MS[step]
  const first = Date.parse(series.points[0]?.time ?? '')
  const until = end === undefined ? now : end * 1000
  const since = until - seconds * 1000
  // Steps lie where the ledger's lie, which knows the reader's days.
  const begin = first - Math.ceil((first - since) / length) * length
  const count = Math.max(1, Math.floor((until - begin) / length) + 1)
  const values = Array.from({ length: count }, () => 0)
  for (const point of series.points) {
    const place = Math.round((Date.parse(point.time) - begin) / length)
    if (place >= 0 && place < count) values[place] = point.cpuHours
  }
  return values
}
