import { Button } from 'antd'
import { useMemo } from 'react'
import { Link, useParams } from 'react-router'
import { Card } from '../../components/Card'
import { PageHead } from '../../components/PageHead'
import { useFilters } from '../../components/filters'
import { useTravel } from '../../components/range'
import { Empty, Failure, Loading } from '../../components/States'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { PodTable } from '../../objects/PodTable'
import { useNarrowedPods } from '../../objects/useNarrowed'
import { useAlertsOf } from './alerts'
import { AppAlerts } from './AppAlerts'
import { OnOneAxis } from './OnOneAxis'
import { Parts } from './Parts'
import { useApplication } from './useApplication'

/** Everything of one application, on one time axis. */
export function AppDetails() {
  const t = useText()
  const project = useProject()
  const travel = useTravel()
  const { name = '' } = useParams()
  const { user, node } = useFilters()
  const all = useApplication(project, name)
  const { of, pods, names, error, refetch } = all
  const alerts = useAlertsOf(project, name, names)
  const within = useNarrowedPods({ app: '', user, node })
  const shown = useMemo(() => pods.data?.filter((one) => !within || within.has(`${project}/${one.metadata.name}`)), [pods.data, within, project])
  if (!of || !pods.data) return error ? <Failure error={error} retry={refetch} /> : <Loading rows={8} />
  const running = pods.data.filter((one) => one.status?.phase === 'Running').length
  const firing = alerts?.filter((one) => one.state === 'firing').length ?? 0
  const link = (page: string, words: string) => travel(`${at(project, page)}?${words}=${encodeURIComponent(name)}`)
  return (
    <>
      <PageHead title={name} crumb={<Link to={travel(at(project, 'apps'))}>{t('nav.apps')}</Link>}
        facts={[
          t('apps.running', { count: running }),
          of.services.length > 0 && t('services.count', { count: of.services.length }),
          of.jobs.length > 0 && t('jobs.count', { count: of.jobs.length }),
          firing > 0 && <span key="firing" className="toned tone-error">{t('alerts.firingCount', { count: firing })}</span>,
        ]}
        actions={<><Link to={link('logs', 'app')}><Button>{t('action.logs')}</Button></Link><Link to={link('traces', 'service')}><Button>{t('action.traces')}</Button></Link></>} />
      {names.size === 0 && <Card className="gap-below"><Empty title={t('apps.nothing', { name })} hint={t('apps.nothingHint')} /></Card>}
      <OnOneAxis project={project} name={name} of={of} all={all} alerts={alerts}
        before={firing > 0 && <AppAlerts alerts={alerts ?? []} />}
        beside={<Parts project={project} app={name} of={of} />}
        after={
          <>
            <Card className="span-12" title={t('apps.pods')}><PodTable pods={{ ...pods, data: shown } as typeof pods} /></Card>
            {firing === 0 && alerts && alerts.length > 0 && <AppAlerts alerts={alerts} />}
          </>
        } />
    </>
  )
}
