import type { EChartsCoreOption } from 'echarts/core'
import { windowOf } from '../../api/prom'
import { clock, dateTime } from '../../i18n/format'
import { SANS } from '../../theme/tokens'
import type { Axis } from './axis'
import { escaped } from './look'
import type { Line, PlotProps } from './Plot'

type Format = (value: number) => string
const plain: Format = (value) => value.toLocaleString('en-US', { maximumSignificantDigits: 4 })

/** The house's chart: thin lines, faint rules, no frame. */
export function optionOf({ lines, over = 'time', format = plain, formatRight, limit, zero = true, binary = false, whole = false, top, palette, axis }: PlotProps): EChartsCoreOption {
  const label = { color: palette.muted, fontSize: 11, fontFamily: SANS }
  const scale = (formatter: Format, right: boolean) => ({
    type: 'value' as const,
    scale: !zero,
    min: zero ? 0 : undefined,
    splitNumber: 4,
    position: right ? ('right' as const) : ('left' as const),
    axisLabel: { ...label, formatter },
    axisLine: { show: false },
    axisTick: { show: false },
    splitLine: { show: !right, lineStyle: { color: palette.line } },
    ...(zero && top !== undefined && !right ? { max: top, interval: top / 4 } : zero && rulesOf(lines.filter((line) => Boolean(line.right) === right), right ? 0 : (limit?.value ?? 0), { binary, whole })),
  })
  const marks = marksOf(axis, palette)
  return {
    animation: false,
    grid: { left: 4, right: formatRight ? 4 : 12, top: 12, bottom: 2, containLabel: true },
    xAxis: {
      type: over === 'time' ? 'time' : 'value',
      min: over === 'step' ? 'dataMin' : undefined,
      max: over === 'step' ? 'dataMax' : undefined,
      ...(over === 'time' && axis && { ...boundsOf(axis), containShape: false }),
      axisLine: { lineStyle: { color: palette.line } },
      axisTick: { show: false },
      splitLine: { show: false },
      splitNumber: 5,
      axisLabel: { ...label, hideOverlap: true, ...(over === 'time' && { formatter: timeOf(axis ? axis.seconds * 1000 : spanOf(lines)) }) },
    },
    yAxis: formatRight ? [scale(format, false), scale(formatRight, true)] : scale(format, false),
    tooltip: {
      trigger: 'axis',
      confine: true,
      backgroundColor: palette.raised,
      borderColor: palette.line,
      padding: [6, 10],
      textStyle: { color: palette.ink, fontSize: 12, fontFamily: SANS },
      axisPointer: { lineStyle: { color: palette.muted, type: 'dashed' } },
      formatter: (shown: unknown) => tip(shown, lines, over, format, formatRight),
    },
    series: lines.map((line, index) => series(line, index, palette.series, index === 0 ? limit : undefined, index === 0 ? marks : [], palette.warning, label)),
  }
}

/** The ends of a shared axis, the same in every chart of it. */
function boundsOf({ seconds, end }: Axis): { min: number; max: number } {
  const { start, end: last } = windowOf(seconds, end)
  return { min: start * 1000, max: last * 1000 }
}

function marksOf(axis: Axis | null | undefined, palette: PlotProps['palette']): object[] {
  if (!axis) return []
  const { min, max } = boundsOf(axis)
  const colours: Record<string, string> = { ...palette, series: '' }
  return axis.marks
    .filter(({ time }) => time >= min && time <= max)
    .map(({ time, label, tone, named = false }) => ({
      xAxis: time, symbol: 'none', lineStyle: { color: colours[tone], type: 'dotted', width: 1 },
      label: { show: named, formatter: () => label, position: 'insideEndBottom', color: colours[tone], backgroundColor: `${palette.card}cc`, distance: 2 },
    }))
}

/** Where the rules of a scale from zero lie: about four, at round values, the last above everything. */
export function rulesOf(lines: Line[], limit: number, { binary = false, whole = false } = {}): { interval?: number; max?: number } {
  const top = Math.max(limit * 1.02, highest(lines))
  if (whole && top <= 4) return { interval: 1, max: Math.max(1, Math.ceil(top)) }
  if (!Number.isFinite(top) || top <= 0) return {}
  const unit = binary ? 2 ** Math.floor(Math.log2(top / 4)) : 10 ** Math.floor(Math.log10(top / 4))
  const interval = unit * ((binary ? [1, 2] : whole ? [1, 2, 5, 10] : [1, 2, 2.5, 5, 10]).find((factor) => top / (unit * factor) <= 4.5) ?? 1)
  return { interval, max: Math.ceil(top / interval) * interval }
}

/** The highest value, piles counted as piles. */
function highest(lines: Line[]): number {
  const piles = new Map<string, number>()
  let top = 0
  for (const { stack, points } of lines) {
    for (const [place, value] of points) {
      if (!Number.isFinite(value)) continue
      const key = `${stack} ${place}`
      const sum = stack ? (piles.get(key) ?? 0) + value : value
      if (stack) piles.set(key, sum)
      top = Math.max(top, sum)
    }
  }
  return top
}

/** A lone bar says no more for being wide. */
const WIDEST_BAR_PX = 14
const DAY_MS = 86_400_000
const SHORT_MS = 300_000

function spanOf(lines: Line[]): number {
  const times = lines.flatMap(({ points }) => [points[0]?.[0] ?? 0, points.at(-1)?.[0] ?? 0]).filter(Boolean)
  return Math.max(...times) - Math.min(...times)
}

/** Hours and minutes; seconds when the axis is short, days when it is long. */
function timeOf(span: number): (time: number) => string {
  if (span > 1.5 * DAY_MS) return (time) => dateTime(time).slice(5, 16)
  return (time) => clock(time).slice(0, span < SHORT_MS ? 8 : 5)
}

type Label = { color: string; fontSize: number; fontFamily: string }

function series(line: Line, index: number, colours: readonly string[], limit: PlotProps['limit'], marks: object[], warning: string, label: Label) {
  const colour = line.colour ?? colours[index % colours.length]
  return {
    type: line.bars ? 'bar' : 'line',
    name: line.name,
    data: line.points,
    showSymbol: line.points.length === 1,
    symbolSize: 5,
    yAxisIndex: line.right ? 1 : 0,
    lineStyle: { width: 1.6, color: colour },
    itemStyle: { color: colour },
    ...(line.stack && { stack: line.stack }),
    ...(line.bars && { barCategoryGap: '20%', barMaxWidth: WIDEST_BAR_PX }),
    ...(line.area && { areaStyle: { color: colour, opacity: line.stack ? 0.35 : 0.1 } }),
    ...((limit || marks.length > 0) && {
      markLine: {
        silent: true,
        z: 5,
        symbol: 'none',
        lineStyle: { color: warning, type: 'dashed' },
        label: { ...label, formatter: limit?.label ?? '', position: 'insideEndTop' },
        data: [...(limit ? [{ yAxis: limit.value }] : []), ...marks],
      },
    }),
  }
}

interface Shown {
  seriesIndex: number
  marker: string
  value: [number, number]
}

function tip(shown: unknown, lines: Line[], over: 'time' | 'step', format: Format, formatRight?: Format): string {
  const rows = shown as Shown[]
  const first = rows[0]
  if (!first) return ''
  const head = over === 'time' ? dateTime(first.value[0]) : `step ${plain(first.value[0])}`
  const body = rows.map(({ seriesIndex, marker, value }) => {
    const line = lines[seriesIndex]
    const write = line?.right && formatRight ? formatRight : format
    return `${marker}${escaped(line?.name ?? '')} <b>${escaped(write(value[1]))}</b>`
  })
  return [head, ...body].join('<br>')
}
