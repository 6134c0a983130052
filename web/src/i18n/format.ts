import type { Language } from '.'

/** Numbers, sizes and times as people read them, in their language. */

const EMPTY = '—'

/** From a hundred on, the digits after the point tell nobody anything. */
export function number(value: number | undefined, digits = Math.abs(value ?? 0) < 100 ? 1 : 0): string {
  if (value === undefined || !Number.isFinite(value)) return EMPTY
  return value.toLocaleString('en-US', { maximumFractionDigits: digits })
}

/** An amount that may be far below one: two decimals, or two digits where those would be nothing. */
export function amount(value: number | undefined): string {
  return value !== undefined && value !== 0 && Math.abs(value) < 0.1 ? Number(value.toPrecision(2)).toString() : number(value, 2)
}

/** A metric of unknown scale: four significant digits, never `0.000`. */
export function metric(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return EMPTY
  if (value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6)) return value.toExponential(2)
  return Number(value.toPrecision(4)).toString()
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

export function bytes(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return EMPTY
  const power = Math.min(UNITS.length - 1, value < 1 ? 0 : Math.floor(Math.log2(value) / 10))
  const scaled = value / 1024 ** power
  return `${number(scaled, scaled >= 100 || power === 0 ? 0 : 1)} ${UNITS[power]}`
}

/** "369 / 768 GiB": both in the unit of the whole. */
export function bytesOf(used: number | undefined, total: number): string {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, total)) / 10)))
  const scale = 1024 ** power
  const digits = total / scale >= 100 ? 0 : 1
  return `${used === undefined ? EMPTY : number(used / scale, digits)} / ${number(total / scale, digits)} ${UNITS[power]}`
}

export function percent(ratio: number | undefined): string {
  return ratio === undefined || !Number.isFinite(ratio) ? EMPTY : `${Math.round(ratio * 100)}%`
}

/** Seconds as "6.1 ms", "1.2 s", "3 min 20 s", "2 h 5 min", "3 d 4 h". */
export function duration(seconds: number | undefined): string {
  if (seconds === undefined || !Number.isFinite(seconds)) return EMPTY
  // Kubernetes' times are whole seconds: two equal ones are less than one apart.
  if (seconds === 0) return '< 1 s'
  if (seconds < 0.001) return `${Math.round(seconds * 1e6)} µs`
  if (seconds < 1) return `${number(seconds * 1000, seconds < 0.1 ? 1 : 0)} ms`
  if (seconds < 60) return `${number(seconds, seconds < 10 ? 1 : 0)} s`
  const whole = Math.round(seconds)
  if (whole < 3600) return both(Math.floor(whole / 60), 'min', whole % 60, 's')
  if (whole < 86400) return both(Math.floor(whole / 3600), 'h', Math.floor((whole % 3600) / 60), 'min')
  return both(Math.floor(whole / 86400), 'd', Math.floor((whole % 86400) / 3600), 'h')
}

const both = (large: number, unit: string, small: number, smaller: string) => (small ? `${large} ${unit} ${small} ${smaller}` : `${large} ${unit}`)

export function between(start: string | undefined, end: string | undefined): number | undefined {
  if (!start) return undefined
  return Math.max(0, ((end ? Date.parse(end) : Date.now()) - Date.parse(start)) / 1000)
}

export function clock(time: number | string, millis = false): string {
  const date = new Date(time)
  const base = date.toLocaleTimeString('en-GB', { hour12: false })
  return millis ? `${base}.${String(date.getMilliseconds()).padStart(3, '0')}` : base
}

export function dateTime(time: number | string | undefined): string {
  if (time === undefined || time === '') return EMPTY
  const date = new Date(time)
  const pad = (n: number) => String(n).padStart(2, '0')
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${clock(date.getTime())}`
}

const STEPS: [number, Intl.RelativeTimeFormatUnit][] = [
  [86400 * 365, 'year'],
  [86400 * 30, 'month'],
  [86400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
]

export function ago(time: number | string | undefined, language: Language): string {
  if (time === undefined || time === '') return EMPTY
  const seconds = Math.round((new Date(time).getTime() - Date.now()) / 1000)
  const format = new Intl.RelativeTimeFormat(language, { numeric: 'auto' })
  for (const [size, unit] of STEPS) {
    if (Math.abs(seconds) >= size) return format.format(Math.trunc(seconds / size), unit)
  }
  return format.format(0, 'second')
}

/** Kubernetes quantities: "500m" → 0.5, "4Gi" → bytes. */
export function quantity(value: string | number | undefined): number | undefined {
  if (value === undefined) return undefined
  const match = /^([0-9.]+(?:e[+-]?\d+)?)(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$/i.exec(String(value))
  if (!match) return undefined
  const factors: Record<string, number> = {
    m: 1e-3, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15,
    Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50,
  }
  return Number(match[1]) * (match[2] ? (factors[match[2]] ?? 1) : 1)
}

/** Hours of use: a second is 0.0003 of them, and what is less is not nothing. */
export function hours(value: number | undefined): string {
  if (value !== undefined && value > 0 && value < 0.0001) return '< 0.0001'
  return (value ?? 0) < 10 ? amount(value) : number(value, 1)
}

/** An amount of money; what is less than a cent is not nothing. */
export function money(value: number | undefined, currency: string, language: Language): string {
  if (value === undefined || !Number.isFinite(value)) return EMPTY
  const format = new Intl.NumberFormat(language, { style: 'currency', currency, currencyDisplay: 'narrowSymbol' })
  return value > 0 && value < 0.01 ? `< ${format.format(0.01)}` : format.format(value)
}
