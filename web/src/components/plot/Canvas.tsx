import { LineChart, ParallelChart, ScatterChart } from 'echarts/charts'
import { GridComponent, MarkLineComponent, ParallelComponent, TooltipComponent } from 'echarts/components'
import { init, use as register, type EChartsCoreOption, type EChartsType } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import { useEffect, useRef } from 'react'

register([LineChart, ParallelChart, ScatterChart, GridComponent, MarkLineComponent, ParallelComponent, TooltipComponent, SVGRenderer])

/** Stretches that a person drew on an axis of parallel coordinates. */
export interface Drawn {
  axis: string
  stretches: [number, number][]
}

export interface CanvasProps {
  option: EChartsCoreOption
  label: string
  height: number
  /** What carries a `trial` was clicked. */
  pick?: (trial: number) => void
  brush?: (drawn: Drawn) => void
}

interface AreaEvent {
  parallelAxisId?: string
  intervals?: [number, number][]
  batch?: AreaEvent[]
}

/** Draws what it is told; only data changes, so that what a person drew on it stays. */
export function Canvas({ option, label, height, pick, brush }: CanvasProps) {
  const holder = useRef<HTMLDivElement>(null)
  const chart = useRef<EChartsType | null>(null)
  const told = useRef({ pick, brush })
  useEffect(() => {
    told.current = { pick, brush }
  })
  useEffect(() => {
    if (!holder.current) return
    const made = init(holder.current, null, { renderer: 'svg' })
    chart.current = made
    made.on('click', (event) => {
      const trial = (event.data as { trial?: number } | undefined)?.trial
      if (trial !== undefined) told.current.pick?.(trial)
    })
    made.on('axisareaselected', (event) => {
      const areas = event as unknown as AreaEvent
      for (const { parallelAxisId, intervals } of areas.batch ?? [areas]) {
        if (parallelAxisId) told.current.brush?.({ axis: parallelAxisId, stretches: intervals ?? [] })
      }
    })
    const watcher = new ResizeObserver(() => made.resize())
    watcher.observe(holder.current)
    return () => {
      watcher.disconnect()
      made.dispose()
      chart.current = null
    }
  }, [])
  useEffect(() => {
    chart.current?.setOption(option, { replaceMerge: ['series'] })
  }, [option])
  return <div ref={holder} role="img" aria-label={label} className="plot" style={{ height, width: '100%' }} />
}
