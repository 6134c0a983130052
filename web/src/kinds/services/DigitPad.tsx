import { Button, Segmented } from 'antd'
import { useRef, useState, type PointerEvent } from 'react'
import { useText } from '../../i18n'
import { SHADES, SIDE } from './inference'

const CELLS = SIDE * SIDE
/** What the brightest pixel is for the model: most are trained on 0 to 1, some on the raw data. */
const SCALES = [1, SHADES]
const blank = () => Array.from({ length: CELLS }, () => 0)

/** Draw a digit; the prediction follows when the pen lifts. */
export function DigitPad({ onDraw }: { onDraw: (pixels: number[]) => void }) {
  const t = useText()
  const [pixels, setPixels] = useState(blank)
  const [brightest, setBrightest] = useState(1)
  const drawing = useRef(false)
  const paint = (event: PointerEvent<HTMLDivElement>) => {
    if (!drawing.current) return
    const box = event.currentTarget.getBoundingClientRect()
    const x = ((event.clientX - box.left) / box.width) * SIDE - 0.5
    const y = ((event.clientY - box.top) / box.height) * SIDE - 0.5
    setPixels((before) => before.map((value, index) => Math.max(value, ink(x, y, index))))
  }
  const lift = () => {
    if (!drawing.current) return
    drawing.current = false
    onDraw(pixels.map((shade) => (shade / SHADES) * brightest))
  }
  return (
    <div className="row" style={{ alignItems: 'flex-end', gap: 16 }}>
      <div className="digit-pad" role="img" aria-label={t('try.pad')}
        onPointerDown={(event) => { drawing.current = true; event.currentTarget.setPointerCapture(event.pointerId); paint(event) }}
        onPointerMove={paint} onPointerUp={lift} onPointerCancel={lift}>
        {pixels.map((value, index) => (
          // Pixels are their places.
          // oxlint-disable-next-line react/no-array-index-key
          <span key={index} style={{ background: `color-mix(in srgb, var(--ink) ${(value / SHADES) * 100}%, var(--card))` }} />
        ))}
      </div>
      <div className="stack tight">
        <p className="muted small" style={{ maxWidth: 180 }}>{t('try.padHint')}</p>
        <Segmented size="small" aria-label={t('try.scale')} value={brightest} onChange={setBrightest} options={SCALES.map((one) => ({ value: one, label: t('try.scaleTo', { brightest: one }) }))} />
        <div><Button size="small" onClick={() => setPixels(blank())}>{t('try.clear')}</Button></div>
      </div>
    </div>
  )
}

/** A round pen about one and a half pixels wide, soft at its edge. */
function ink(x: number, y: number, index: number): number {
  const distance = Math.hypot((index % SIDE) - x, Math.floor(index / SIDE) - y)
  return Math.round(Math.max(0, Math.min(1, 1.35 - distance)) * SHADES)
}
