import { BarChart, LineChart } from 'echarts/charts'
import { GridComponent, MarkLineComponent, TooltipComponent } from 'echarts/components'
import { connect, init, use as register, type EChartsType } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import { useEffect, useRef } from 'react'
import type { Palette } from '../../theme/palette'
import type { Axis } from './axis'
import { brush } from './brush'
import { optionOf } from './option'

register([BarChart, LineChart, GridComponent, MarkLineComponent, TooltipComponent, SVGRenderer])

export interface Line {
  name: string
  points: [number, number][]
  colour?: string
  /** Filled below. */
  area?: boolean
  /** Piled upon the others of the same pile. */
  stack?: string
  /** Bars instead of a line. */
  bars?: boolean
  /** On the right-hand scale. */
  right?: boolean
}

export interface PlotProps {
  lines: Line[]
  label: string
  height?: number
  /** Time in milliseconds, or steps. */
  over?: 'time' | 'step'
  format?: (value: number) => string
  formatRight?: (value: number) => string
  /** A level that matters: a limit. */
  limit?: { value: number; label: string }
  /** Bytes: the scale is divided in powers of two. */
  binary?: boolean
  /** Counts: no rule between two whole numbers. */
  whole?: boolean
  /** The scale begins at zero. */
  zero?: boolean
  /** The scale ends here: 1 for shares. */
  top?: number
  palette: Palette
  axis?: Axis | null
}

export function Plot(props: PlotProps) {
  const holder = useRef<HTMLDivElement>(null)
  const chart = useRef<EChartsType | null>(null)
  const { axis } = props
  const name = axis?.name
  const draw = useRef(axis?.draw)
  useEffect(() => {
    const element = holder.current
    if (!element) return
    const made = init(element, null, { renderer: 'svg' })
    chart.current = made
    const watcher = new ResizeObserver(() => made.resize())
    watcher.observe(element)
    let stop = () => undefined as void
    if (name) {
      made.group = name
      connect(name)
      stop = brush(element, made, (from, to) => draw.current?.(from, to))
    }
    return () => {
      stop()
      watcher.disconnect()
      made.dispose()
      chart.current = null
    }
  }, [name])
  useEffect(() => {
    draw.current = axis?.draw
    chart.current?.setOption(optionOf(props), { notMerge: true })
  })
  return <div ref={holder} role="img" aria-label={props.label} className={name ? 'plot brushed' : 'plot'} style={{ height: props.height, width: '100%' }} />
}
