import { useEffect, useEffectEvent, useState, type KeyboardEvent, type PointerEvent } from 'react'
import type { LogPage, LogWindow } from '../../api/logs'
import { useText, type MessageKey } from '../../i18n'
import { clock, dateTime, number } from '../../i18n/format'
import { barsOf, STACK } from './bars'

interface Props {
  histogram: LogPage['histogram']
  window: LogWindow
  choose: (window: LogWindow) => void
}

const NAMES: MessageKey[] = ['explorer.errors', 'explorer.warnings', 'explorer.infos', 'explorer.others']
const DAY_MS = 86_400_000

/** Lines over time, by level. Dragging over bars, or Shift with the arrow keys and Enter, narrows the time. */
export function Histogram({ histogram, window, choose }: Props) {
  const t = useText()
  const [range, setRange] = useState<[start: number, end: number]>()
  const [dragging, setDragging] = useState(false)
  const [focused, setFocused] = useState(0)
  const bars = barsOf(histogram, window)
  const tallest = Math.max(1, ...bars.map((bar) => bar.total))
  const [low, high] = range ? [Math.min(...range), Math.max(...range)] : [-1, -2]
  const sums = STACK.map((_, index) => bars.reduce((sum, bar) => sum + (bar.counts[index] ?? 0), 0))
  const time = (at: number) => (window.to - window.from >= DAY_MS ? dateTime(at).slice(5, 16) : clock(at))
  const take = () => {
    const [first, last] = [bars[low], bars[high]]
    setRange(undefined)
    if (first && last) choose({ from: first.from, to: last.to })
  }
  const released = useEffectEvent(() => {
    setDragging(false)
    take()
  })
  useEffect(() => {
    if (!dragging) return
    const end = () => released()
    addEventListener('pointerup', end)
    return () => removeEventListener('pointerup', end)
  }, [dragging])
  const grab = (event: PointerEvent<HTMLElement>, place: number) => {
    // A finger would keep every further event at the bar where it began.
    event.currentTarget.releasePointerCapture(event.pointerId)
    setDragging(true)
    setRange([place, place])
  }
  const press = (event: KeyboardEvent<HTMLElement>) => {
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault()
      return range ? take() : choose(bars[focused] ?? window)
    }
    if (event.key === 'Escape') return setRange(undefined)
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
    const next = Math.min(bars.length - 1, Math.max(0, focused + step))
    if (!step) return
    event.preventDefault()
    setFocused(next)
    setRange(event.shiftKey ? [range?.[0] ?? focused, next] : undefined)
    const bar = event.currentTarget.parentElement?.children[next]
    if (bar instanceof HTMLElement) bar.focus()
  }
  return (
    <div>
      <div className="row spread small muted numbers" style={{ marginBottom: 2 }}>
        <span>{t('explorer.peak', { count: number(tallest, 0) })}</span>
        <span className="legend">
          {STACK.map(([tone], index) => (
            <span key={tone} className={`tone-${tone}`}><i style={{ ['--swatch' as string]: 'var(--tone)' }} />{t(NAMES[index] ?? 'explorer.others')} {number(sums[index] ?? 0, 0)}</span>
          ))}
        </span>
      </div>
      <div className="histogram" role="group" aria-label={t('explorer.histogram')}>
        {bars.map((bar, place) => {
          const label = t('explorer.bar', { count: number(bar.total, 0), time: dateTime(bar.from) })
          return (
            <button type="button" key={bar.from} title={label} aria-label={label} tabIndex={place === focused ? 0 : -1} className={place >= low && place <= high ? 'chosen' : ''} onFocus={() => setFocused(place)}
              onKeyDown={press} onPointerDown={(event) => grab(event, place)} onPointerEnter={() => { if (dragging) setRange((before) => [before?.[0] ?? place, place]) }}>
              {STACK.map(([tone], index) => {
                const count = bar.counts[index] ?? 0
                return count > 0 && <span key={tone} className={`tone-${tone}`} style={{ height: `${Math.max(2, (count / tallest) * 100)}%`, opacity: tone === 'accent' || tone === 'muted' ? 0.55 : 1 }} />
              })}
            </button>
          )
        })}
      </div>
      <div className="axis numbers"><span>{time(window.from)}</span><span>{time((window.from + window.to) / 2)}</span><span>{time(window.to)}</span></div>
    </div>
  )
}
