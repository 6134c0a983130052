import { Button } from 'antd'
import { memo, useDeferredValue } from 'react'
import { Link } from 'react-router'
import { Card } from '../../components/Card'
import { Notice } from '../../components/Notice'
import { PageHead } from '../../components/PageHead'
import { isNarrowed, useFilters } from '../../components/filters'
import { useRange, useTravel } from '../../components/range'
import { ErrorWords } from '../../components/States'
import { useFrame } from '../../frame/context'
import { at } from '../../frame/useProject'
import { useText } from '../../i18n'
import { useMachines } from '../../objects/machines'
import { MachineTable } from '../../objects/MachineTable'
import { useNarrowedMachines } from '../../objects/useNarrowed'
import { useAlerts } from '../alerts/useAlerts'
import { useNarrowedAlerts } from '../alerts/narrow'
import { Apps } from './Apps'
import { People } from './People'
import { Rings } from './Rings'
import { useApps, usePeople } from './use'

// Each of some twenty answers changes one table, or some of its cells. Those that come
// while a table is being drawn are drawn with the next.
const Machines = memo(MachineTable)
const AppTable = memo(AppsHere)
const PeopleTable = memo(People)

/** How full the machines are, and with what, and for whom. */
export function Home() {
  const t = useText()
  const range = useRange()
  const travel = useTravel()
  const { project, projects, session } = useFrame()
  const filters = useFilters()
  const { machines: all, error, refetch, metricsError } = useMachines(range)
  const machines = useNarrowedMachines(all, filters)
  const apps = useApps(range, filters)
  const people = usePeople(range, filters)
  const drawn = { machines: useDeferredValue(machines), apps: useDeferredValue(apps.apps), people: useDeferredValue(people.people) }
  const firing = useNarrowedAlerts(useAlerts().alerts, filters)?.filter((one) => one.state === 'firing').length ?? 0
  const down = machines?.filter((one) => !one.ready).length ?? 0
  return (
    <>
      <PageHead title={t('nav.home')} actions={
        <span className="page-facts numbers">
          {machines && <span><Link to={travel('/cluster')}>{t('home.machineCount', { count: machines.length })}</Link></span>}
          {apps.apps && <span>{t('home.appCount', { count: apps.apps.length })}</span>}
          {people.people && <span>{t('home.peopleCount', { count: people.people.length })}</span>}
          {machines && <span className={down ? 'toned tone-error' : ''}>{down ? t('home.machinesDown', { count: down }) : t('home.allWell')}</span>}
          {firing > 0 && <span><Link to={travel('/alerts')} className="toned tone-error">{t('home.firing', { count: firing })}</Link></span>}
        </span>
      } />
      <div className="stack">
        {projects?.length === 0 && (
          <Notice tone="accent" title={t('home.noProject')}>
            {session.admin ? <Link to="/projects">{t('home.makeProject')}</Link> : t('home.askProject')}
          </Notice>
        )}
        {metricsError && <Notice tone="warning" title={t('home.noMetrics')}><ErrorWords error={metricsError} /></Notice>}
        <Rings machines={machines} range={range} narrowed={isNarrowed(filters)} />
        <Card title={t('home.machines')} extra={<Link to={travel('/cluster')}>{t('nav.cluster')}</Link>}>
          <Machines machines={drawn.machines} error={error} retry={refetch} />
        </Card>
        <div className="grid">
          <Card className="span-7" title={t('home.apps')} extra={project && <Link to={travel(at(project, 'apps'))}>{t('home.allApps')}</Link>}><AppTable {...apps} apps={drawn.apps} project={project} /></Card>
          <Card className="span-5" title={t('home.people')} extra={<Link to={travel('/people')}>{t('home.allPeople')}</Link>}><PeopleTable {...people} people={drawn.people} /></Card>
        </div>
      </div>
    </>
  )
}

function AppsHere({ project, ...apps }: ReturnType<typeof useApps> & { project: string | undefined }) {
  const t = useText()
  return <Apps {...apps} action={project && <Link to={at(project, 'jobs', 'new')}><Button type="primary">{t('jobs.new')}</Button></Link>} />
}
