import { Button, Select } from 'antd'
import { Link } from 'react-router'
import { useCan } from '../../api/access'
import type { TrainingJob } from '../../api/generated'
import { CREATED_BY, TRAINING_JOBS } from '../../api/kinds'
import { useList } from '../../api/useKube'
import { useAddress } from '../../components/address'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { PageHead } from '../../components/PageHead'
import { Empty } from '../../components/States'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { between, duration } from '../../i18n/format'
import { queueAt } from '../queues/words'
import { JobStatus } from './JobStatus'
import { appOf, PHASES, phaseOf, type Phase } from './phase'

export function JobList() {
  const t = useText()
  const project = useProject()
  const jobs = useList(TRAINING_JOBS, { namespace: project })
  const mayCreate = useCan('create', TRAINING_JOBS, project)
  const [phase, setPhase] = useAddress('phase')
  const rows = jobs.data?.filter((job) => !phase || phaseOf(job) === phase)
  const create = mayCreate && <Link to={at(project, 'jobs', 'new')}><Button type="primary">{t('jobs.new')}</Button></Link>
  const running = jobs.data?.filter((job) => phaseOf(job) === 'Running').length ?? 0
  return (
    <>
      <PageHead title={t('nav.jobs')} facts={jobs.data ? [t('jobs.count', { count: jobs.data.length }), t('running.some', { count: running })] : []} actions={create} />
      <Card>
        <DataTable
          rows={rows} error={jobs.error} retry={jobs.refetch} columns={columns(t, project)} rowKey={(job) => job.metadata.name} order="created.desc"
          text={(job) => `${job.metadata.name} ${appOf(job)} ${job.spec.model ?? ''} ${job.spec.queue ?? ''} ${t(PHASES[phaseOf(job)].word)} ${job.metadata.annotations?.[CREATED_BY] ?? ''}`}
          tools={jobs.data && jobs.data.length > 0 && (
            <Select value={phase} onChange={setPhase} aria-label={t('field.status')} style={{ width: 140 }}
              options={[{ value: '', label: t('jobs.anyPhase') }, ...(Object.keys(PHASES) as Phase[]).map((one) => ({ value: one, label: t(PHASES[one].word) }))]} />
          )}
          empty={phase ? <Empty title={t('jobs.nonePhase')} /> : <Empty title={t('jobs.none')} hint={t('jobs.noneHint')} action={create} />}
        />
      </Card>
    </>
  )
}

function columns(t: ReturnType<typeof useText>, project: string): Column<TrainingJob>[] {
  return [
    { key: 'name', title: t('field.name'), sort: (job) => job.metadata.name, cell: (job) => <Link to={at(project, 'jobs', job.metadata.name)} className="strong">{job.metadata.name}</Link> },
    { key: 'status', title: t('field.status'), sort: phaseOf, cell: (job) => <JobStatus job={job} why /> },
    { key: 'app', title: t('field.application'), from: 'lg', sort: appOf, cell: appOf },
    { key: 'queue', title: t('jobs.queue'), from: 'lg', sort: (job) => job.spec.queue, cell: (job) => (job.spec.queue ? <Link to={queueAt(job.spec.queue)}>{job.spec.queue}</Link> : <span className="muted">—</span>) },
    { key: 'model', title: t('jobs.model'), from: 'md', sort: (job) => job.spec.model, cell: (job) => <ModelLinks job={job} project={project} /> },
    {
      key: 'took', title: t('jobs.took'), align: 'right', sort: (job) => between(job.status?.startTime, job.status?.completionTime),
      cell: (job) => duration(between(job.status?.startTime, job.status?.completionTime)),
    },
    { key: 'by', title: t('field.createdBy'), from: 'xl', sort: (job) => job.metadata.annotations?.[CREATED_BY], cell: (job) => job.metadata.annotations?.[CREATED_BY] ?? '—' },
    { key: 'created', title: t('field.created'), sort: (job) => job.metadata.creationTimestamp, cell: (job) => <Ago time={job.metadata.creationTimestamp} /> },
    {
      key: 'go', title: '', align: 'right',
      cell: (job) => (
        <span className="cell-actions">
          <Link to={`${at(project, 'logs')}?app=${encodeURIComponent(appOf(job))}`}>{t('action.logs')}</Link>
          <Link to={`${at(project, 'traces')}?service=${encodeURIComponent(appOf(job))}`}>{t('action.traces')}</Link>
        </span>
      ),
    },
  ]
}

function ModelLinks({ job, project }: { job: TrainingJob; project: string }) {
  const made = job.status?.models ?? []
  if (made.length === 0) return <span className="muted">—</span>
  return made.map(({ name, version }) => <Link key={name + version} to={at(project, 'models', name)} className="row">{name}/{version}</Link>)
}
