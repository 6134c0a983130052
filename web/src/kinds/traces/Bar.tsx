import type { Span, Trace } from '../../api/traces'
import { useText } from '../../i18n'
import { duration } from '../../i18n/format'
import { isError, serviceOf } from './shape'
import type { Segment } from './waterfall'

interface Props {
  trace: Trace
  span: Span
  begin: number
  whole: number
  colour: string
  /** The parts that the end waited for. */
  critical?: Segment[] | undefined
  /** Only the critical parts are in colour. */
  muted: boolean
  current: boolean
  choose: (span: string) => void
}

/** When a span began and how long it took, within the whole. */
export function Bar({ trace, span, begin, whole, colour, critical = [], muted, current, choose }: Props) {
  const t = useText()
  const share = (time: number) => ((time - begin) / whole) * 100
  const left = share(span.startTime)
  const width = Math.max(0.3, (span.duration / whole) * 100)
  const late = left + width > 78
  const inside = late && left < 14
  const took = duration(span.duration / 1e6)
  const words = `${serviceOf(trace, span)} ${span.operationName}, ${took}${isError(span) ? `, ${t('traces.error')}` : ''}${critical.length ? `, ${t('traces.critical')}` : ''}`
  return (
    <div className="track">
      <button type="button" className={`span-bar ${isError(span) ? 'error' : ''} ${muted ? 'muted-bar' : ''}`} aria-pressed={current} aria-label={words} style={{ left: `${left}%`, width: `${width}%`, ['--bar' as string]: colour }} onClick={() => choose(span.spanID)} />
      {critical.map(({ from, to }) => <span key={from} className="critical" style={{ left: `${share(from)}%`, width: `${Math.max(0.2, ((to - from) / whole) * 100)}%` }} aria-hidden />)}
      {(span.logs ?? []).map(({ timestamp, fields }) => <span key={`${timestamp}${String(fields[0]?.value)}`} className="span-event" style={{ left: `${share(timestamp)}%` }} aria-hidden />)}
      <span className={`span-time numbers ${inside && !muted ? 'inside' : ''}`} style={inside ? { right: `${100 - left - width}%`, marginRight: 6 } : late ? { right: `${100 - left}%`, marginRight: 6 } : { left: `${left + width}%`, marginLeft: 6 }}>{took}</span>
    </div>
  )
}
