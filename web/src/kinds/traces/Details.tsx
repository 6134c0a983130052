import { Button } from 'antd'
import { useMemo, useState } from 'react'
import { Link, useNavigate, useParams } from 'react-router'
import { useTrace, type Trace } from '../../api/traces'
import { useAddress } from '../../components/address'
import { Card } from '../../components/Card'
import { PageHead } from '../../components/PageHead'
import { Await, Empty } from '../../components/States'
import { Status } from '../../components/Status'
import { useText } from '../../i18n'
import { dateTime, duration } from '../../i18n/format'
import { logsOfTrace } from './logs'
import { search, useWithin } from './paths'
import { extent, rootOf, summaryOf } from './shape'
import { SpanPanel } from './SpanPanel'
import { Totals } from './TotalTable'
import { Waterfall } from './Waterfall'

/** Where the time of one request went. */
export function TraceDetails() {
  const t = useText()
  const { id = '' } = useParams()
  const trace = useTrace(id)
  const { to } = useWithin()
  return (
    <Await of={trace} rows={8}>
      {(found) => (found ? <Whole trace={found} />
        : <Empty title={t('state.gone', { name: id })} hint={t('traces.goneHint')} action={<Link to={to('traces')}>{t('nav.traces')}</Link>} />)}
    </Await>
  )
}

function Whole({ trace }: { trace: Trace }) {
  const t = useText()
  const { project, to } = useWithin()
  const [chosen, choose] = useAddress('span')
  const [other, setOther] = useState('')
  const navigate = useNavigate()
  const about = useMemo(() => summaryOf(trace), [trace])
  const [begin] = extent(trace)
  const span = trace.spans.find((one) => one.spanID === chosen) ?? rootOf(trace)
  return (
    <>
      <PageHead title={about.name} crumb={<Link to={to('traces')}>{t('nav.traces')}</Link>}
        status={about.errors > 0 && <Status tag tone="error" label={t('traces.errors', { count: about.errors })} />}
        facts={[duration(about.took), t('traces.spanCount', { count: about.spans }), t('traces.serviceCount', { count: about.services.length }), dateTime(about.start)]}
        actions={<>
          <form className="row" onSubmit={(event) => { event.preventDefault(); void navigate(to('traces', 'compare') + search({ a: trace.traceID, b: other.trim() })) }}>
            <input className="plain-input mono" value={other} onChange={(event) => setOther(event.target.value)} placeholder={t('traces.otherId')} aria-label={t('traces.otherId')} />
            <Button htmlType="submit" disabled={!/^[0-9a-fA-F]{16,32}$/.test(other.trim())}>{t('traces.compare')}</Button>
          </form>
          <Link to={logsOfTrace(project, trace)}><Button type="primary">{t('traces.toLogs')}</Button></Link>
        </>} />
      <div className="grid">
        <Card className="span-8" title={t('traces.waterfall')} extra={<span className="mono">{trace.traceID}</span>}>
          <Waterfall trace={trace} chosen={span?.spanID} choose={choose} />
        </Card>
        <div className="span-4 stack">
          {span && <SpanPanel trace={trace} span={span} begin={begin} />}
          <Totals trace={trace} />
        </div>
      </div>
    </>
  )
}
