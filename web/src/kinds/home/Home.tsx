import { Button } from 'antd'
import { Link } from 'react-router'
import { useSince } from '../../components/address'
import { Card } from '../../components/Card'
import { Notice } from '../../components/Notice'
import { PageHead } from '../../components/PageHead'
import { ErrorWords } from '../../components/States'
import { useFrame } from '../../frame/context'
import { at } from '../../frame/useProject'
import { useText } from '../../i18n'
import { useMachines } from '../../objects/machines'
import { MachineTable } from '../../objects/MachineTable'
import { Apps } from './Apps'
import { People } from './People'
import { Rings } from './Rings'
import { useApps, usePeople } from './use'

/** How full the machines are, and with what, and for whom. */
export function Home() {
  const t = useText()
  const { seconds } = useSince()
  const { project, projects, session } = useFrame()
  const { machines, error, refetch, metricsError } = useMachines(seconds)
  const apps = useApps()
  const people = usePeople(seconds)
  const down = machines?.filter((one) => !one.ready).length ?? 0
  return (
    <>
      <PageHead title={t('nav.home')} actions={
        <span className="page-facts numbers">
          {machines && <span><Link to="/nodes">{t('home.machineCount', { count: machines.length })}</Link></span>}
          {apps.apps && <span>{t('home.appCount', { count: apps.apps.length })}</span>}
          {people.people && <span>{t('home.peopleCount', { count: people.people.length })}</span>}
          {machines && <span className={down ? 'toned tone-error' : ''}>{down ? t('home.machinesDown', { count: down }) : t('home.allWell')}</span>}
        </span>
      } />
      <div className="stack">
        {projects?.length === 0 && (
          <Notice tone="accent" title={t('home.noProject')}>
            {session.admin ? <Link to="/projects">{t('home.makeProject')}</Link> : t('home.askProject')}
          </Notice>
        )}
        {metricsError && <Notice tone="warning" title={t('home.noMetrics')}><ErrorWords error={metricsError} /></Notice>}
        <Rings machines={machines} seconds={seconds} />
        <Card title={t('home.machines')} extra={<Link to="/nodes">{t('home.allMachines')}</Link>}>
          <MachineTable machines={machines} error={error} retry={refetch} />
        </Card>
        <div className="grid">
          <Card className="span-7" title={t('home.apps')}><Apps {...apps} action={project && <Link to={at(project, 'jobs', 'new')}><Button type="primary">{t('jobs.new')}</Button></Link>} /></Card>
          <Card className="span-5" title={t('home.people')} extra={t('home.peopleRange')}><People {...people} /></Card>
        </div>
      </div>
    </>
  )
}
