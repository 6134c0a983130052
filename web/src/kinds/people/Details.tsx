import { Link, useParams } from 'react-router'
import type { TrainingJob } from '../../api/generated'
import { TRAINING_JOBS } from '../../api/kinds'
import { windowOf, type Labels } from '../../api/prom'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { PageHead } from '../../components/PageHead'
import { TimeAxis } from '../../components/plot/axis'
import { useRange, useTravel } from '../../components/range'
import { Empty } from '../../components/States'
import { useEverywhere } from '../../frame/useEverywhere'
import { at } from '../../frame/useProject'
import { useText } from '../../i18n'
import { amount, between, bytes, duration, number } from '../../i18n/format'
import { Panel } from '../../objects/Panel'
import { person } from '../../objects/queries/person'
import { DeviceTable } from '../gpus/DeviceTable'
import { useDevices } from '../gpus/useDevices'
import { usePeople } from '../home/use'
import { JobStatus } from '../jobs/JobStatus'
import { appOf } from '../jobs/phase'
import { jobsOf } from './owner'

const GIB = 2 ** 30
const app = (labels: Labels) => labels.label_dais_io_app ?? ''

/** What one person uses, by application, and what ran for them. */
export function PersonDetails() {
  const t = useText()
  const travel = useTravel()
  const { name = '' } = useParams()
  const range = useRange()
  const { people } = usePeople(range)
  const { devices } = useDevices()
  const use = people?.find((one) => one.name === name)
  const ask = person(name)
  const mine = devices?.filter((one) => one.user === name) ?? []
  return (
    <>
      <PageHead title={name} crumb={<Link to={travel('/people')}>{t('nav.people')}</Link>} facts={use ? [
        t('apps.running', { count: use.pods }),
        t('people.usedHours', { n: amount(use.hours ?? 0) }),
        t('people.usedMemory', { n: amount((use.memoryHours ?? 0) / GIB) }),
        use.acceleratorHours && t('people.usedCards', { n: amount(use.acceleratorHours) }),
      ] : []} />
      <TimeAxis name={`person-${name}`}>
        <div className="grid">
          <Panel title={t('people.cpuByApp')} curves={[{ query: ask.cpu, name: app, stack: 'cpu', area: true }]} />
          <Panel title={t('people.memoryByApp')} format={bytes} binary curves={[{ query: ask.memory, name: app, stack: 'memory', area: true }]} />
          {(use?.acceleratorHours ?? 0) > 0 && <Panel className="span-12" title={t('people.cardsByApp')} whole format={(value) => number(value, 1)} curves={[{ query: ask.accelerators, name: app, stack: 'cards', area: true }]} />}
          {mine.length > 0 && <Card className="span-12" title={t('nav.gpus')}><DeviceTable devices={mine} error={null} retry={() => undefined} /></Card>}
          <Card className="span-12" title={t('people.jobs')}><Jobs name={name} /></Card>
        </div>
      </TimeAxis>
    </>
  )
}

function Jobs({ name }: { name: string }) {
  const t = useText()
  const travel = useTravel()
  const range = useRange()
  const all = useEverywhere(TRAINING_JOBS)
  const { start, end } = windowOf(range.seconds, range.end)
  const rows = all.data && jobsOf(all.data, name, start * 1000, end * 1000)
  const columns: Column<TrainingJob>[] = [
    { key: 'name', title: t('field.name'), sort: (job) => job.metadata.name, cell: (job) => <Link className="strong" to={travel(at(job.metadata.namespace ?? '', 'jobs', job.metadata.name))}>{job.metadata.name}</Link> },
    { key: 'status', title: t('field.status'), cell: (job) => <JobStatus job={job} why /> },
    { key: 'project', title: t('frame.project'), from: 'md', sort: (job) => job.metadata.namespace, cell: (job) => job.metadata.namespace },
    { key: 'app', title: t('field.application'), sort: appOf, cell: (job) => <Link to={travel(at(job.metadata.namespace ?? '', 'apps', appOf(job)))}>{appOf(job)}</Link> },
    { key: 'took', title: t('jobs.took'), align: 'right', sort: took, cell: (job) => duration(took(job)) },
    { key: 'created', title: t('field.created'), sort: (job) => job.metadata.creationTimestamp, cell: (job) => <Ago time={job.metadata.creationTimestamp} /> },
  ]
  return (
    <DataTable rows={rows} error={all.error} columns={columns} rowKey={(job) => `${job.metadata.namespace}/${job.metadata.name}`} order="created.desc" prefix="jobs."
      empty={<Empty title={t('people.noJobs')} hint={t('people.noJobsHint')} />} />
  )
}

const took = (job: TrainingJob) => between(job.status?.startTime, job.status?.completionTime)
