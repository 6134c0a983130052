import type { EChartsCoreOption } from 'echarts/core'
import { escaped, labelOf, mixed, tipOf } from '../../components/plot/look'
import { metric } from '../../i18n/format'
import type { Palette } from '../../theme/palette'
import { bestSoFar, goodness, hasValue, placeOn, type Dimension, type Goal, type Row, type Trial } from './series'

/** Words that a drawing needs. */
export interface Words {
  /** "Trial 4". */
  trial: (number: number) => string
  state: (trial: Trial) => string
  best: string
  target: string
}

interface Look {
  palette: Palette
  words: Words
}

/** What the pointer is told of a trial. */
function about(trial: Trial, { words }: Look): string {
  const parameters = Object.entries(trial.parameters).map(([name, value]) => `${escaped(name)} <b>${escaped(value)}</b>`)
  return [`${escaped(words.trial(trial.number))} · ${escaped(words.state(trial))} · <b>${metric(trial.value)}</b>`, ...parameters].join('<br>')
}

/** What is written on an axis: `0.0001`, not `1.00e-4`. */
const tick = (value: number): string => String(Number(value.toPrecision(4)))

const scaled = (palette: Palette) => ({
  type: 'value' as const, scale: true, splitNumber: 4,
  axisLabel: { ...labelOf(palette), formatter: tick }, axisLine: { show: false }, axisTick: { show: false }, splitLine: { lineStyle: { color: palette.line } },
})

interface Search {
  trials: Trial[]
  goal: Goal
  target: number | undefined
  best: number | undefined
}

/** Every trial in its order, and the best value so far. Each state has a shape of its own. */
export function progressOption({ trials, goal, target, best }: Search, look: Look): EChartsCoreOption {
  const { palette, words } = look
  const line = bestSoFar(trials, goal)
  const last = Math.max(1, ...trials.map((trial) => trial.number))
  const end = line.at(-1)
  const point = (trial: Trial, y: number) => ({ value: [trial.number, y], trial: trial.number, tip: about(trial, look) })
  const marks = (state: Trial['state'], symbol: string, colour: string, hollow: boolean) => ({
    type: 'scatter', symbol, symbolSize: 8, itemStyle: hollow ? { color: palette.card, borderColor: colour, borderWidth: 1.5 } : { color: colour },
    data: trials.filter((trial) => trial.state === state).filter(hasValue).map((trial) => ({ ...point(trial, trial.value), ...(trial.number === best && { symbolSize: 13, itemStyle: { color: palette.success, borderColor: palette.card, borderWidth: 2 } }) })),
  })
  return {
    animation: false,
    grid: { left: 4, right: 16, top: 14, bottom: 2, containLabel: true },
    xAxis: { type: 'value', min: 0.5, max: last + 0.5, minInterval: 1, axisLabel: { ...labelOf(palette), formatter: (value: number) => (Number.isInteger(value) ? String(value) : '') }, axisLine: { lineStyle: { color: palette.line } }, axisTick: { show: false }, splitLine: { show: false } },
    yAxis: [scaled(palette), { type: 'value', min: 0, max: 1, show: false }],
    tooltip: tipOf(palette),
    series: [
      {
        type: 'line', name: words.best, step: 'end', showSymbol: false, silent: true, data: end ? [...line, [last + 0.5, end[1]]] : [], lineStyle: { width: 1.8, color: palette.accent }, itemStyle: { color: palette.accent },
        ...(target !== undefined && { markLine: { silent: true, symbol: 'none', lineStyle: { color: palette.success, type: 'dashed' }, label: { ...labelOf(palette), formatter: words.target, position: 'insideEndTop' }, data: [{ yAxis: target }] } }),
      },
      marks('Succeeded', 'circle', palette.accent, false),
      marks('Pruned', 'diamond', palette.muted, true),
      { type: 'scatter', symbol: 'triangle', symbolSize: 9, yAxisIndex: 1, itemStyle: { color: palette.error }, data: trials.filter((trial) => trial.state === 'Failed').map((trial) => point(trial, 0.02)) },
    ],
  }
}

/** Parts of an axis that has ends: its labels stay apart. */
const PARTS = 4

/** The axis of a dimension, for a grid or for parallel coordinates. */
function axisOf({ kind, values, min, max }: Dimension, palette: Palette) {
  const label = labelOf(palette)
  if (kind === 'category') return { type: 'category' as const, data: values, axisLabel: { ...label, width: 90, overflow: 'truncate' } }
  return {
    type: kind, axisLabel: { ...label, formatter: tick, hideOverlap: true },
    ...(min !== undefined && max !== undefined && min < max ? { min, max, ...(kind === 'value' && { interval: (max - min) / PARTS }) } : { scale: true, splitNumber: PARTS }),
  }
}

/** One parameter beside the objective. */
export function scatterOption(dimension: Dimension, trials: Trial[], best: number | undefined, look: Look): EChartsCoreOption {
  const { palette } = look
  const x = axisOf(dimension, palette)
  return {
    animation: false,
    grid: { left: 2, right: 14, top: 8, bottom: 4, containLabel: true },
    xAxis: { ...x, splitNumber: 3, axisLine: { lineStyle: { color: palette.line } }, axisTick: { show: false }, splitLine: { show: false } },
    yAxis: { ...scaled(palette), splitNumber: 3 },
    tooltip: tipOf(palette),
    series: [{
      type: 'scatter', symbolSize: 6,
      data: trials.filter(hasValue).map((trial) => ({
        value: [placeOn(dimension, trial.parameters[dimension.name]), trial.value], trial: trial.number, tip: about(trial, look),
        symbol: trial.state === 'Pruned' ? 'diamond' : 'circle',
        ...(trial.number === best && { symbolSize: 11 }),
        itemStyle: { color: trial.number === best ? palette.success : trial.state === 'Pruned' ? palette.muted : palette.accent, opacity: trial.number === best ? 1 : 0.75 },
      })),
    }],
  }
}

/** Dimensions are known to the brush by these. */
export const axisId = (at: number): string => `dimension-${at}`
export const axisAt = (id: string): number => Number(id.replace('dimension-', ''))

const FAINT = 0.08
const readable = <T extends { axisLabel: object }>(axis: T, palette: Palette) => ({ ...axis, axisLabel: { ...axis.axisLabel, color: palette.ink, textBorderColor: palette.card, textBorderWidth: 3 } })

interface Together {
  dimensions: Dimension[]
  rows: Row[]
  goal: Goal
  best: number | undefined
  /** Trials that stand out, if any do. */
  chosen: ReadonlySet<number>
}

/** A line for each trial through all parameters to the objective; the better, the stronger. */
export function parallelOption({ dimensions, rows, goal, best, chosen }: Together, look: Look): EChartsCoreOption {
  const { palette } = look
  const values = rows.filter(({ trial }) => trial.state === 'Succeeded').map(({ trial }) => trial.value)
  const label = labelOf(palette)
  return {
    animation: false,
    parallel: {
      left: 60, right: 64, top: 40, bottom: 14,
      parallelAxisDefault: {
        nameLocation: 'end', nameGap: 18, nameTextStyle: { ...label, color: palette.ink, fontWeight: 600 }, nameTruncate: { maxWidth: 120 }, realtime: false,
        axisLine: { lineStyle: { color: palette.muted } }, axisTick: { show: false }, splitLine: { show: false }, minorTick: { show: false },
      },
    },
    // Above the lines, so that they do not strike out what is written.
    parallelAxis: dimensions.map((dimension, at) => ({ ...readable(axisOf(dimension, palette), palette), z: 3, areaSelectStyle: { width: 18, borderWidth: 1, borderColor: palette.accent, color: palette.accent, opacity: 0.25 }, id: axisId(at), dim: at, name: dimension.inverse ? `${dimension.name} ↓` : dimension.name, inverse: dimension.inverse ?? false })),
    tooltip: tipOf(palette),
    series: [{
      type: 'parallel', smooth: 0.25, inactiveOpacity: FAINT, activeOpacity: 1, emphasis: { lineStyle: { width: 3 } },
      // The best is drawn last, above the others.
      data: rows.toSorted((a, b) => Number(a.trial.number === best) - Number(b.trial.number === best)).map(({ trial, places }) => {
        const share = values.length ? Math.min(1, Math.max(0, goodness(trial.value, values, goal))) : 0
        const colour = trial.number === best ? palette.success : trial.state === 'Pruned' ? palette.muted : mixed(palette.line, palette.accent, 0.25 + 0.75 * share)
        return { value: places, trial: trial.number, tip: about(trial, look), lineStyle: { color: colour, width: trial.number === best ? 2.5 : 1.4, opacity: chosen.size > 0 && !chosen.has(trial.number) ? FAINT : 0.85, type: trial.state === 'Pruned' ? 'dashed' : 'solid' } }
      }),
    }],
  }
}
