import { memo, useCallback, useEffect, useRef, useState, type KeyboardEvent, type ReactNode } from 'react'
import type { LogLine } from '../api/logs'
import { useText } from '../i18n'
import { clock, dateTime } from '../i18n/format'
import { chunksOf, levelOf, LINE_PX, neighbour, valueOf, withMarks, type Chunk } from './LogLinesParts'

interface Props {
  lines: LogLine[]
  label: string
  /** Words to mark. */
  marked?: string
  /** Fields shown between the level and the message. */
  columns?: string[]
  className?: string
  /** Stays at the newest line while the reader is there. */
  follow?: boolean
  /** What a line shows when it is opened; without it lines do not open. */
  details?: (line: LogLine) => ReactNode
  /** After the last line. */
  end?: ReactNode
  /** The line that the others stand around. */
  current?: string | undefined
}

const NEAR_PX = 40
/** Drawn above and below what is seen, so that scrolling shows no gap. */
const MARGIN = '900px 0px'
const NONE: string[] = []
const nameOf = (line: LogLine): string => line._id ?? `${line['@timestamp']}${line.message}`

/** Lines of a log. Only those near the eye are in the page: ten thousand scroll as one hundred. */
export function LogLines({ lines, label, marked = '', columns = NONE, className = 'tall', follow = false, details, end, current }: Props) {
  const [box, setBox] = useState<HTMLDivElement | null>(null)
  const [open, setOpen] = useState<ReadonlySet<string>>(() => new Set())
  const inner = useRef<HTMLDivElement>(null)
  const atEnd = useRef(true)
  useEffect(() => {
    if (!box || !follow || !inner.current) return
    // What is measured late, or opened, moves the end as new lines do.
    const watcher = new ResizeObserver(() => {
      if (atEnd.current) box.scrollTop = box.scrollHeight
    })
    watcher.observe(inner.current)
    return () => watcher.disconnect()
  }, [follow, box])
  const toggle = useCallback((id: string) => setOpen((before) => {
    const next = new Set(before)
    if (!next.delete(id)) next.add(id)
    return next
  }), [])
  const scrolled = () => {
    if (box) atEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_PX
  }
  const grid = `${details ? '18px ' : ''}96px 50px ${columns.map(() => 'minmax(60px, 150px) ').join('')}minmax(0, 1fr)`
  return (
    <div className={`log ${className}`} ref={setBox} onScroll={scrolled} tabIndex={0} role="log" aria-label={label} aria-live="off" style={{ ['--log-grid' as string]: grid }}>
      <div ref={inner}>
        {box && chunksOf(lines).map((chunk) => (
          <Part key={chunk.key} chunk={chunk} box={box} marked={marked} columns={columns} details={details} current={current} open={open} toggle={toggle} />
        ))}
        {end}
      </div>
    </div>
  )
}

/** Up and down go from line to line. */
function move(event: KeyboardEvent<HTMLElement>): void {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
  const next = step === 0 ? undefined : neighbour(event.currentTarget, step)
  if (!next) return
  event.preventDefault()
  next.focus()
}

interface PartProps extends Pick<Props, 'details' | 'current'> {
  chunk: Chunk
  box: HTMLElement
  marked: string
  columns: string[]
  /** By name of the line. */
  open: ReadonlySet<string>
  toggle: (id: string) => void
}

const Part = memo(Lines, (a, b) =>
  a.chunk.key === b.chunk.key && a.chunk.lines.length === b.chunk.lines.length && a.chunk.lines[0] === b.chunk.lines[0]
  && a.box === b.box && a.marked === b.marked && a.columns === b.columns && a.details === b.details && a.open === b.open && a.current === b.current)

/** A few dozen lines: drawn while they are near, else as much empty room as they took. */
function Lines({ chunk, box, marked, columns, details, current, open, toggle }: PartProps) {
  const own = useRef<HTMLDivElement>(null)
  /** How high the empty room is; none while the lines are drawn. */
  const [room, setRoom] = useState<number | undefined>(chunk.first ? undefined : chunk.lines.length * LINE_PX)
  useEffect(() => {
    const element = own.current
    if (!element) return
    const watcher = new IntersectionObserver(([seen]) => {
      if (seen) setRoom(seen.isIntersecting ? undefined : element.offsetHeight)
    }, { root: box, rootMargin: MARGIN })
    watcher.observe(element)
    return () => watcher.disconnect()
  }, [box])
  return (
    <div ref={own} style={{ height: room }}>
      {room === undefined && chunk.lines.map((line, index) => (
        <Row key={nameOf(line)} line={line} marked={marked} columns={columns} first={index === 0}
          here={current !== undefined && line._id === current} open={open.has(nameOf(line))} toggle={toggle} details={details} />
      ))}
    </div>
  )
}

interface RowProps extends Pick<Props, 'details'> {
  line: LogLine
  marked: string
  columns: string[]
  first: boolean
  here: boolean
  open: boolean
  toggle: (id: string) => void
}

function Row({ line, marked, columns, first, here, open, toggle, details }: RowProps) {
  const t = useText()
  const level = levelOf(line)
  const time = clock(line['@timestamp'], true)
  return (
    <>
      <div className={`log-line ${here ? 'here' : ''} ${open ? 'open' : ''}`} aria-current={here || undefined}>
        {details && (
          <button type="button" className="log-open" aria-expanded={open} tabIndex={first ? 0 : -1} onClick={() => toggle(nameOf(line))} onKeyDown={move} aria-label={t('logs.open', { time })} />
        )}
        <span className="time" title={dateTime(line['@timestamp'])}>{time}</span>
        <span className={`level-${level}`}>{level ? level.toUpperCase().slice(0, 5) : ''}</span>
        {columns.map((field) => {
          const value = valueOf(line, field)
          return <span key={field} className="cell" title={value}>{value}</span>
        })}
        <span className="text">{withMarks(line.message, marked)}</span>
      </div>
      {open && details?.(line)}
    </>
  )
}
