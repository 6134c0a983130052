import { useRef, useState, type CSSProperties } from 'react'
import type { Answer, Box, Polygon, Size } from '../../api/labeling'
import { useText } from '../../i18n'
import { boxBetween, boxesOf, keysOf, nudged, polygonsOf, shifted } from './answer'
import type { SurfaceProps } from './Surface'

type Point = [number, number]

/** Smaller than this, in percent, was no more than a click. */
const SMALLEST = 0.5
const STEPS: Record<string, Point> = { ArrowLeft: [-0.5, 0], ArrowRight: [0.5, 0], ArrowUp: [0, -0.5], ArrowDown: [0, 0.5] }

/** An image with boxes that are drawn, or polygons that are clicked; with the keys too. */
export function Drawing({ config, task, image, answer, change, label }: SurfaceProps) {
  const t = useText()
  const svg = useRef<SVGSVGElement>(null)
  const [size, setSize] = useState<Size>()
  const [drawn, setDrawn] = useState<Point[]>([])
  const [chosen, choose] = useState<number>()
  const isBoxes = config.kind === 'imageBoxes'
  const [boxes, polygons] = [boxesOf(answer), polygonsOf(answer)]
  const count = isBoxes ? boxes.length : polygons.length
  const colors = new Map(keysOf(config).map((one) => [one.label, one.color]))
  const name = label ?? config.labels?.[0]?.name ?? ''

  const draw = (shapes: { boxes: Box[] } | { polygons: Polygon[] }) => {
    const of = size ? { size } : {}
    const changed: Answer = 'boxes' in shapes ? { boxes: { ...of, shapes: shapes.boxes } } : { polygons: { ...of, shapes: shapes.polygons } }
    change?.(changed)
  }
  const put = (shape: Box | Polygon) => {
    draw('points' in shape ? { polygons: [...polygons, shape] } : { boxes: [...boxes, shape] })
    choose(count)
    setDrawn([])
  }
  const remove = (at: number) => {
    draw(isBoxes ? { boxes: boxes.toSpliced(at, 1) } : { polygons: polygons.toSpliced(at, 1) })
    choose(undefined)
  }
  const replace = (at: number, by: (box: Box, polygon: Polygon) => Box | Polygon) => {
    if (isBoxes) draw({ boxes: boxes.map((one, index) => (index === at ? (by(one, { label: '', points: [] }) as Box) : one)) })
    else draw({ polygons: polygons.map((one, index) => (index === at ? (by({ label: '', x: 0, y: 0, width: 0, height: 0 }, one) as Polygon) : one)) })
  }

  const place = (event: React.PointerEvent): Point => {
    const { left, top, width, height } = (svg.current ?? event.currentTarget).getBoundingClientRect()
    return [Math.min(Math.max(((event.clientX - left) / width) * 100, 0), 100), Math.min(Math.max(((event.clientY - top) / height) * 100, 0), 100)]
  }
  const down = (event: React.PointerEvent) => {
    if (!change || event.button !== 0) return
    choose(undefined)
    if (!isBoxes) return setDrawn([...drawn, place(event)])
    event.currentTarget.setPointerCapture(event.pointerId)
    setDrawn([place(event), place(event)])
  }
  const moved = (event: React.PointerEvent) => { if (isBoxes && drawn[0]) setDrawn([drawn[0], place(event)]) }
  const up = () => {
    const [from, to] = drawn
    if (!isBoxes || !from || !to) return
    const box = boxBetween(name, from, to)
    if (box.width < SMALLEST || box.height < SMALLEST) setDrawn([])
    else put(box)
  }
  const close = () => { if (drawn.length > 2) put({ label: name, points: drawn }) }

  const key = (event: React.KeyboardEvent) => {
    if (!change) return
    const step = STEPS[event.key]
    if (event.key === 'Escape') setDrawn([])
    else if (event.key === 'Enter' && !isBoxes && drawn.length > 2) { event.stopPropagation(); close() }
    else if (event.key === ' ') {
      event.preventDefault()
      put(isBoxes ? { label: name, x: 35, y: 35, width: 30, height: 30 } : { label: name, points: [[35, 35], [65, 35], [65, 65], [35, 65]] })
    } else if (event.key === 'PageDown' || event.key === 'PageUp') {
      event.preventDefault()
      if (count > 0) choose(((chosen ?? -1) + (event.key === 'PageDown' ? 1 : count - 1) + count) % count)
    } else if ((event.key === 'Backspace' || event.key === 'Delete') && count > 0) {
      event.preventDefault()
      remove(chosen ?? count - 1)
    } else if (step && chosen !== undefined) {
      event.preventDefault()
      replace(chosen, (box, polygon) => (isBoxes ? nudged(box, step, event.shiftKey) : shifted(polygon, step)))
    }
  }

  const colour = (of: string) => ({ '--label': colors.get(of) }) as CSSProperties
  const sketch = isBoxes && drawn[0] && drawn[1] ? boxBetween(name, drawn[0], drawn[1]) : undefined
  return (
    <>
      {/* A picture that is drawn on; what is on it is listed below. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions */}
      <div className="labeling-canvas" tabIndex={0} role="application" aria-label={t('labeling.image')} onKeyDown={key}>
        <img src={image} alt={task.key} draggable={false} onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) => setSize({ width: naturalWidth, height: naturalHeight })} />
        <svg ref={svg} viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden onPointerDown={down} onPointerMove={moved} onPointerUp={up} onDoubleClick={close}>
          {boxes.map((box, at) => <rect key={at} x={box.x} y={box.y} width={box.width} height={box.height} style={colour(box.label)} className={at === chosen ? 'chosen' : ''} />)}
          {polygons.map((polygon, at) => <polygon key={at} points={polygon.points.map((point) => point.join(',')).join(' ')} style={colour(polygon.label)} className={at === chosen ? 'chosen' : ''} />)}
          {sketch && <rect x={sketch.x} y={sketch.y} width={sketch.width} height={sketch.height} style={colour(name)} className="sketch" />}
          {!isBoxes && drawn.length > 0 && <polyline points={drawn.map((point) => point.join(',')).join(' ')} style={colour(name)} className="sketch" />}
        </svg>
      </div>
      {count > 0 && (
        <ul className="labeling-found">
          {(isBoxes ? boxes : polygons).map((shape, at) => (
            <li key={at} className={at === chosen ? 'chosen' : ''}>
              <span className="labeling-dot" style={colour(shape.label)} aria-hidden />
              <button type="button" className="labeling-name" onClick={() => choose(at)}>{shape.label} {at + 1}</button>
              {change && <button type="button" className="labeling-gone" aria-label={t('labeling.remove')} onClick={() => remove(at)}>×</button>}
            </li>
          ))}
        </ul>
      )}
    </>
  )
}
