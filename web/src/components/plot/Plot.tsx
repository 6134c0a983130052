import { LineChart } from 'echarts/charts'
import { GridComponent, MarkLineComponent, TooltipComponent } from 'echarts/components'
import { init, use as register, type EChartsType } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import { useEffect, useRef } from 'react'
import type { Palette } from '../../theme/palette'
import { optionOf } from './option'

register([LineChart, GridComponent, MarkLineComponent, TooltipComponent, SVGRenderer])

export interface Line {
  name: string
  points: [number, number][]
  colour?: string
  /** Filled below. */
  area?: boolean
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
  /** The scale begins at zero. */
  zero?: boolean
  palette: Palette
}

export function Plot(props: PlotProps) {
  const holder = useRef<HTMLDivElement>(null)
  const chart = useRef<EChartsType | null>(null)
  useEffect(() => {
    const element = holder.current
    if (!element) return
    const made = init(element, null, { renderer: 'svg' })
    chart.current = made
    const watcher = new ResizeObserver(() => made.resize())
    watcher.observe(element)
    return () => {
      watcher.disconnect()
      made.dispose()
      chart.current = null
    }
  }, [])
  useEffect(() => {
    chart.current?.setOption(optionOf(props), { notMerge: true })
  })
  return <div ref={holder} role="img" aria-label={props.label} style={{ height: props.height, width: '100%' }} />
}
