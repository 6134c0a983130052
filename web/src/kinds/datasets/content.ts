import type { Bin, ProfiledColumn, TableRow, Value } from '../../api/dataViews'
import { dateTime, metric } from '../../i18n/format'

/** What tables hold, as pages show it. */

export type CellType = 'boolean' | 'integer' | 'number' | 'timestamp' | 'text' | 'empty'

const INTEGER = /^[+-]?\d+$/
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i
const TIME = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/

/** The type of one value; texts are read as CSV means them. */
function typeOf(value: Value | undefined): CellType {
  if (value === null || value === undefined || value === '') return 'empty'
  if (typeof value === 'boolean') return 'boolean'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  if (/^(true|false)$/i.test(value)) return 'boolean'
  if (INTEGER.test(value)) return 'integer'
  if (NUMBER.test(value)) return 'number'
  return TIME.test(value) ? 'timestamp' : 'text'
}

/** The type that all values of a column have, in the rows that are shown. */
export function columnTypes(columns: string[], rows: TableRow[]): CellType[] {
  const good = rows.filter((row) => row.problem === undefined)
  return columns.map((_name, column) => good.reduce<CellType>((known, row) => common(known, typeOf(row.values[column])), 'empty'))
}

function common(a: CellType, b: CellType): CellType {
  if (a === b || b === 'empty') return a
  if (a === 'empty') return b
  const both = new Set([a, b])
  return both.has('integer') && both.has('number') ? 'number' : 'text'
}

export const isNumeric = (type: string) => type === 'integer' || type === 'number'

/** Bars over the whole range: where each begins and how high it is, of 1. */
export function bars(bins: Bin[]): { left: number; width: number; height: number; bin: Bin }[] {
  const [first] = bins
  const last = bins.at(-1)
  if (!first || !last) return []
  const span = last.to - first.from
  const most = Math.max(...bins.map((bin) => bin.count), 1)
  return bins.map((bin) => ({
    left: span > 0 ? (bin.from - first.from) / span : 0,
    width: span > 0 ? (bin.to - bin.from) / span : 1,
    height: bin.count / most,
    bin,
  }))
}

/** The smallest and the largest value, as people read them; of texts, their lengths. */
export function rangeOf({ numbers, times, lengths }: ProfiledColumn): [string, string] | undefined {
  if (numbers) return [metric(numbers.min), metric(numbers.max)]
  if (times) return [dateTime(times.min), dateTime(times.max)]
  return lengths ? [String(lengths.min), String(lengths.max)] : undefined
}

/** A picture that a browser shows. */
const SHOWN = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/bmp', 'image/x-icon'])
export const isShown = (mediaType: string) => SHOWN.has(mediaType)

/** Tags to set and to take away, so that `before` becomes `after`. */
export function tagChanges(before: string[], after: string[]): { set: string[]; removed: string[] } {
  const wanted = new Set(after.map((tag) => tag.trim()).filter(Boolean))
  return { set: [...wanted].filter((tag) => !before.includes(tag)), removed: before.filter((tag) => !wanted.has(tag)) }
}
