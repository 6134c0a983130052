import { Link } from 'react-router'
import { useServiceMap, useTraces, type ServiceMap as Found } from '../../api/traces'
import { Card } from '../../components/Card'
import { Notice } from '../../components/Notice'
import { PageHead } from '../../components/PageHead'
import { useFilters } from '../../components/filters'
import { useRange, type Range } from '../../components/range'
import { NoneFor } from '../../components/NoneFor'
import { Await } from '../../components/States'
import { useText } from '../../i18n'
import { dateTime } from '../../i18n/format'
import { Everywhere } from '../../objects/Everywhere'
import { NarrowRange } from '../../objects/NarrowRange'
import { serviceOf } from '../traces/shape'
import { useWithin } from '../traces/paths'
import { Calls, Services } from './Tables'
import { Graph } from './Graph'
import { narrowed } from './narrow'

/** Which services call which, how often, how well. */
export function ServiceMap() {
  const t = useText()
  const { project } = useWithin()
  const range = useRange()
  const map = useServiceMap(range)
  const own = useOwnServices(project, range)
  return (
    <>
      <PageHead title={t('nav.map')} facts={[!project && t('scope.everywhere')]} actions={<><NarrowRange /><Everywhere page="map" /></>} />
      <Await of={map} rows={8}>{(found) => <Await of={own} rows={8}>{(names) => <Drawn map={narrowed(found, names)} />}</Await>}</Await>
    </>
  )
}

/**
 * The services that the requests of a project went through, of an application or a
 * person where one is asked for. Jaeger's dependencies know none of them, so they are
 * narrowed by recent traces.
 */
function useOwnServices(project: string | undefined, { seconds, end }: Range) {
  const { app, user } = useFilters()
  const traces = useTraces({ project, service: '', seconds, end, ...(app && { app }), ...(user && { user }) })
  const data = !project && !app && !user ? null : traces.data && new Set(traces.data.flatMap((trace) => trace.spans.map((span) => serviceOf(trace, span))))
  return { data, error: traces.error, isPending: traces.isPending, refetch: traces.refetch }
}

function Drawn({ map }: { map: Found }) {
  const t = useText()
  const { to } = useWithin()
  if (map.services.length === 0) return <Card><NoneFor title={t('map.none')} hint={t('traces.noneHint')} action={<Link to={to('traces')}>{t('nav.traces')}</Link>} /></Card>
  const measured = map.services.some((one) => one.traffic)
  return (
    <div className="stack">
      {!measured && <Notice tone="muted">{t('map.unmeasured')}</Notice>}
      {map.limited && map.start !== undefined && <Notice tone="warning">{t('map.limited', { time: dateTime(map.start) })}</Notice>}
      <Card title={t('map.drawing')} extra={t('map.hint')}><Graph map={map} /></Card>
      <div className="grid">
        <Card className="span-7" title={t('traces.services')}><Services map={map} /></Card>
        <Card className="span-5" title={t('map.calls')}><Calls map={map} /></Card>
      </div>
    </div>
  )
}
