import type { ReactNode } from 'react'
import { Link } from 'react-router'
import type { Span, Tag, Trace } from '../../api/traces'
import { Card } from '../../components/Card'
import { CopyButton } from '../../components/Code'
import { Facts } from '../../components/Facts'
import { Status } from '../../components/Status'
import { useText } from '../../i18n'
import { duration } from '../../i18n/format'
import { logsOfPod, logsOfSpan } from './logs'
import { useWithin } from './paths'
import { isError, serviceOf, tagOf } from './shape'
import { selfTimes } from './waterfall'

const facts = (tags: Tag[]): [string, ReactNode][] => tags.map(({ key, value }) => [key, <span key={key} className="mono">{String(value)}</span>])

/** Everything that one span says. */
export function SpanPanel({ trace, span, begin }: { trace: Trace; span: Span; begin: number }) {
  const t = useText()
  const { project, to } = useWithin()
  const here = new Set(trace.spans.map((one) => one.spanID))
  const links = span.references?.filter((one) => one.refType !== 'CHILD_OF' || (one.traceID !== undefined && one.traceID !== trace.traceID) || !here.has(one.spanID)) ?? []
  const process = trace.processes[span.processID]?.tags ?? []
  const pod = logsOfPod(trace, span)
  return (
    <Card title={span.operationName} extra={<CopyButton text={JSON.stringify(span, null, 2)} />}>
      <div className="row wrap" style={{ marginBottom: 6, gap: 14 }}>
        {isError(span) && <Status tone="error" label={tagOf(span, 'otel.status_description') || t('traces.error')} />}
        <Link to={logsOfSpan(project, trace, span)}>{t('traces.spanLogs')}</Link>
        {pod && <Link to={pod}>{t('traces.podLogs')}</Link>}
      </div>
      <Facts of={[
        [t('traces.service'), serviceOf(trace, span)],
        [t('jobs.took'), duration(span.duration / 1e6)],
        [t('traces.self'), duration((selfTimes(trace).get(span.spanID) ?? 0) / 1e6)],
        [t('traces.offset'), span.startTime === begin ? '0' : duration((span.startTime - begin) / 1e6)],
        [t('traces.spanId'), <span key="id" className="mono">{span.spanID}</span>],
      ]} />
      {(span.warnings ?? []).map((warning) => <p key={warning} className="small toned tone-warning">{warning}</p>)}
      <Part title={t('traces.tags')} count={span.tags?.length}><Facts of={facts(span.tags ?? [])} /></Part>
      <Part title={t('traces.events')} count={span.logs?.length}>
        <ol className="span-events">
          {(span.logs ?? []).map(({ timestamp, fields }) => (
            <li key={`${timestamp}${String(fields[0]?.value)}`}>
              <span className="muted numbers">+{timestamp === begin ? '0' : duration((timestamp - begin) / 1e6)}</span> <span className="strong">{String(fields.find((one) => one.key === 'event')?.value ?? '')}</span>
              {fields.filter((one) => one.key !== 'event').map(({ key, value }) => <div key={key} className="mono anywhere event-field"><span className="muted">{key}=</span>{String(value)}</div>)}
            </li>
          ))}
        </ol>
      </Part>
      <Part title={t('traces.links')} count={links.length}>
        <ul className="span-events">
          {links.map((one) => <li key={`${one.traceID}${one.spanID}`}><Link className="mono" to={`${to('traces', one.traceID ?? trace.traceID)}?span=${one.spanID}`}>{(one.traceID ?? trace.traceID).slice(0, 12)} · {one.spanID}</Link> <span className="muted small">{one.refType}</span></li>)}
        </ul>
      </Part>
      <Part title={t('traces.process')} count={process.length}><Facts of={facts(process)} /></Part>
    </Card>
  )
}

function Part({ title, count = 0, children }: { title: string; count?: number | undefined; children: ReactNode }) {
  if (count === 0) return null
  return (
    <details className="part" open>
      <summary>{title} <span className="muted numbers">{count}</span></summary>
      {children}
    </details>
  )
}
