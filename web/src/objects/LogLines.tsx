import { useLayoutEffect, useRef, type ReactNode } from 'react'
import type { LogLine } from '../api/logs'
import { clock, dateTime } from '../i18n/format'

interface Props {
  lines: LogLine[]
  label: string
  /** Words to mark. */
  marked?: string
  showPod?: boolean
  className?: string
  /** Stays at the newest line while the reader is there. */
  follow?: boolean
}

const NEAR_PX = 40

export function LogLines({ lines, label, marked = '', showPod = false, className = 'tall', follow = false }: Props) {
  const box = useRef<HTMLDivElement>(null)
  const atEnd = useRef(true)
  useLayoutEffect(() => {
    const element = box.current
    if (element && follow && atEnd.current) element.scrollTop = element.scrollHeight
  }, [lines, follow])
  const scrolled = () => {
    const element = box.current
    if (element) atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_PX
  }
  return (
    <div className={`log ${className}`} ref={box} onScroll={scrolled} tabIndex={0} role="log" aria-label={label} aria-live="off">
      {lines.map((line, index) => {
        const level = levelOf(line)
        return (
          // Two lines may be equal in every field.
          // oxlint-disable-next-line react/no-array-index-key
          <div key={`${line['@timestamp']}${index}`} className={`log-line ${showPod ? 'with-pod' : ''}`}>
            <span className="time" title={dateTime(line['@timestamp'])}>{clock(line['@timestamp'], true)}</span>
            <span className={`level-${level}`}>{level ? level.toUpperCase().slice(0, 5) : ''}</span>
            {showPod && <span className="pod" title={line.pod}>{line.pod}</span>}
            <span className="text">{withMarks(line.message, marked)}</span>
          </div>
        )
      })}
    </div>
  )
}

function levelOf(line: LogLine): string {
  const level = (line.severity ?? '').toLowerCase()
  if (level.startsWith('warn')) return 'warn'
  if (level === 'fatal' || level === 'critical') return 'error'
  return level
}

function withMarks(text: string, marked: string): ReactNode {
  const words = marked.split(/\s+/).filter((word) => /^[\p{L}\p{N}_-]{2,}$/u.test(word) && !/^(AND|OR|NOT)$/.test(word))
  if (words.length === 0) return text
  const parts = text.split(new RegExp(`(${words.join('|')})`, 'gi'))
  // The parts of a split have no other identity than their place.
  // oxlint-disable-next-line react/no-array-index-key
  return parts.map((part, index) => (index % 2 ? <mark key={index}>{part}</mark> : part))
}
