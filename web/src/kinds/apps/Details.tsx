import { Button } from 'antd'
import { useMemo } from 'react'
import { Link, useParams } from 'react-router'
import { Card } from '../../components/Card'
import { PageHead } from '../../components/PageHead'
import { TimeAxis, type Mark } from '../../components/plot/axis'
import { useTravel } from '../../components/range'
import { Empty, Failure, Loading } from '../../components/States'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { Events } from '../../objects/Events'
import { PodTable } from '../../objects/PodTable'
import { useAlerts } from '../alerts/useAlerts'
import { ofApplication } from './alerts'
import { AppAlerts } from './AppAlerts'
import { AppLogs } from './AppLogs'
import { AppTraces } from './AppTraces'
import { Cost } from './Cost'
import { Parts } from './Parts'
import { Resources } from './Resources'
import { Traffic } from './Traffic'
import { seenAt, useApplication, useWarnings } from './useApplication'

/** Everything of one application, on one time axis. */
export function AppDetails() {
  const t = useText()
  const project = useProject()
  const travel = useTravel()
  const { name = '' } = useParams()
  const { services, jobs, pods, names, error, refetch } = useApplication(project, name)
  const warnings = useWarnings(project, names)
  const all = useAlerts(project)
  const alerts = useMemo(() => all.alerts?.filter((one) => ofApplication(one, name, names)), [all.alerts, name, names])
  const marks = useMemo<Mark[]>(() => [
    ...warnings.map((one): Mark => ({ time: seenAt(one), label: one.reason ?? '', tone: 'warning' })),
    ...(alerts ?? []).filter((one) => one.since).map((one): Mark => ({ time: Date.parse(one.since ?? ''), label: one.name, tone: 'error' })),
  ], [warnings, alerts])
  if (!services || !jobs || !pods.data) return error ? <Failure error={error} retry={refetch} /> : <Loading rows={8} />
  const running = pods.data.filter((one) => one.status?.phase === 'Running').length
  const firing = alerts?.filter((one) => one.state === 'firing').length ?? 0
  const link = (page: string, words: string) => travel(`${at(project, page)}?${words}=${encodeURIComponent(name)}`)
  const podNames = pods.data.map((one) => one.metadata.name)
  return (
    <>
      <PageHead title={name} crumb={<Link to={travel(at(project, 'apps'))}>{t('nav.apps')}</Link>}
        facts={[
          t('apps.running', { count: running }),
          services.length > 0 && t('services.count', { count: services.length }),
          jobs.length > 0 && t('jobs.count', { count: jobs.length }),
          firing > 0 && <span key="firing" className="toned tone-error">{t('alerts.firingCount', { count: firing })}</span>,
        ]}
        actions={<><Link to={link('logs', 'app')}><Button>{t('action.logs')}</Button></Link><Link to={link('traces', 'service')}><Button>{t('action.traces')}</Button></Link></>} />
      {names.size === 0 && <Card className="gap-below"><Empty title={t('apps.nothing', { name })} hint={t('apps.nothingHint')} /></Card>}
      <TimeAxis name={`app-${project}-${name}`} marks={marks}>
        <div className="grid">
          {firing > 0 && <AppAlerts alerts={alerts ?? []} />}
          {services.length > 0 && <Traffic project={project} services={services.map((one) => one.metadata.name)} />}
          <Resources project={project} name={name} />
          <Cost project={project} name={name} />
          <AppLogs project={project} app={name} />
          <AppTraces project={project} app={name} services={services.map((one) => one.metadata.name)} />
          <Parts project={project} app={name} services={services} jobs={jobs} />
          <Card className="span-12" title={t('apps.pods')}><PodTable pods={pods} /></Card>
          <Card className="span-12" title={t('tab.events')}><Events project={project} name={name} pods={[...names, ...podNames]} /></Card>
          {firing === 0 && alerts && alerts.length > 0 && <AppAlerts alerts={alerts} />}
        </div>
      </TimeAxis>
    </>
  )
}
