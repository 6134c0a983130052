import { Button } from 'antd'
import { Fragment, useState } from 'react'
import { Link, useParams } from 'react-router'
import { isError, rootOf, useTrace, type Span, type Trace } from '../../api/traces'
import { Card } from '../../components/Card'
import { Facts } from '../../components/Facts'
import { PageHead } from '../../components/PageHead'
import { Await, Empty } from '../../components/States'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { dateTime, duration } from '../../i18n/format'
import { ordered, type Placed } from './waterfall'

/** Where the time of one request went. */
export function TraceDetails() {
  const t = useText()
  const project = useProject()
  const { id = '' } = useParams()
  const trace = useTrace(id)
  return (
    <Await of={trace} rows={8}>
      {(found) => (found ? <Waterfall trace={found} project={project} /> : <Empty title={t('state.gone', { name: id })} hint={t('traces.noneHint')} />)}
    </Await>
  )
}

function Waterfall({ trace, project }: { trace: Trace; project: string }) {
  const t = useText()
  const placed = ordered(trace)
  const [chosen, choose] = useState<string>()
  const root = rootOf(trace)
  const begin = Math.min(...trace.spans.map((span) => span.startTime))
  const whole = Math.max(1, Math.max(...trace.spans.map((span) => span.startTime + span.duration)) - begin)
  const span = trace.spans.find((one) => one.spanID === chosen) ?? root
  const service = (one: Span) => trace.processes[one.processID]?.serviceName ?? ''
  return (
    <>
      <PageHead title={root?.operationName ?? trace.traceID} crumb={<Link to={at(project, 'traces')}>{t('nav.traces')}</Link>}
        facts={[duration(whole / 1e6), t('traces.spanCount', { count: trace.spans.length }), dateTime(begin / 1000)]}
        actions={<Link to={`${at(project, 'logs')}?trace=${trace.traceID}&since=24h`}><Button>{t('action.logs')}</Button></Link>} />
      <div className="grid">
        <Card className="span-8" title={t('traces.waterfall')} extra={<span className="mono">{trace.traceID}</span>}>
          <div className="waterfall">
            {placed.map((one) => (
              <Fragment key={one.span.spanID}>
                <div className="truncate" style={{ paddingLeft: one.depth * 14 }} title={`${service(one.span)} ${one.span.operationName}`}>
                  <span className="muted small">{service(one.span)}</span> {one.span.operationName}
                </div>
                <div><Bar placed={one} begin={begin} whole={whole} choose={choose} /></div>
              </Fragment>
            ))}
          </div>
        </Card>
        <Card className="span-4" title={span?.operationName}>
          {span && <Facts of={[[t('traces.service'), service(span)], [t('jobs.took'), duration(span.duration / 1e6)], ...(span.tags ?? []).map(({ key, value }): [string, React.ReactNode] => [key, <span key={key} className="mono">{String(value)}</span>])]} />}
        </Card>
      </div>
    </>
  )
}

function Bar({ placed: { span }, begin, whole, choose }: { placed: Placed; begin: number; whole: number; choose: (id: string) => void }) {
  const left = ((span.startTime - begin) / whole) * 100
  const width = Math.max(0.4, (span.duration / whole) * 100)
  const late = left + width > 78
  const inside = late && left < 14
  return (
    <div className={`track tone-${isError(span) ? 'error' : 'accent'}`}>
      <button type="button" className="span-bar" aria-label={`${span.operationName}, ${duration(span.duration / 1e6)}`} style={{ left: `${left}%`, width: `${width}%` }} onClick={() => choose(span.spanID)} />
      <span className="span-time numbers" style={inside ? { right: `${100 - left - width}%`, marginRight: 6, color: 'var(--onAccent)' } : late ? { right: `${100 - left}%`, marginRight: 6 } : { left: `${left + width}%`, marginLeft: 6 }}>{duration(span.duration / 1e6)}</span>
    </div>
  )
}
