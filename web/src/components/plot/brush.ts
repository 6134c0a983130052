import type { EChartsType } from 'echarts/core'

const THRESHOLD_PX = 4

/**
 * Drawing a range over a chart with the pointer. `chosen` gets two times in
 * milliseconds, earlier first. Returns how to stop listening.
 */
export function brush(element: HTMLElement, chart: EChartsType, chosen: (from: number, to: number) => void): () => void {
  let start: number | undefined
  const shade = document.createElement('div')
  shade.className = 'brush'
  shade.hidden = true
  element.append(shade)
  const place = (event: PointerEvent) => event.clientX - element.getBoundingClientRect().left
  const time = (x: number) => Number(chart.convertFromPixel({ xAxisIndex: 0 }, x))
  const down = (event: PointerEvent) => {
    if (event.button !== 0 || event.pointerType === 'touch') return
    start = place(event)
  }
  const move = (event: PointerEvent) => {
    if (start === undefined) return
    const here = place(event)
    shade.hidden = Math.abs(here - start) < THRESHOLD_PX
    shade.style.left = `${Math.min(start, here)}px`
    shade.style.width = `${Math.abs(here - start)}px`
  }
  const up = (event: PointerEvent) => {
    const from = start
    start = undefined
    shade.hidden = true
    if (from === undefined) return
    const to = place(event)
    if (Math.abs(to - from) < THRESHOLD_PX) return
    const [a, b] = [time(Math.min(from, to)), time(Math.max(from, to))]
    if (Number.isFinite(a) && Number.isFinite(b)) chosen(a, b)
  }
  element.addEventListener('pointerdown', down)
  window.addEventListener('pointermove', move)
  window.addEventListener('pointerup', up)
  return () => {
    element.removeEventListener('pointerdown', down)
    window.removeEventListener('pointermove', move)
    window.removeEventListener('pointerup', up)
    shade.remove()
  }
}
