import { Link } from 'react-router'
import type { Algorithm, TrainingJob } from '../../api/generated'
import { CREATED_BY } from '../../api/kinds'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { Facts } from '../../components/Facts'
import { Empty } from '../../components/States'
import { at } from '../../frame/useProject'
import { useText } from '../../i18n'
import { JobStatus } from '../jobs/JobStatus'

interface Props {
  algorithm: Algorithm
  description: string
  project: string
  jobs: TrainingJob[]
}

export function Overview({ algorithm, description, project, jobs }: Props) {
  const t = useText()
  const columns: Column<TrainingJob>[] = [
    { key: 'name', title: t('field.name'), sort: (job) => job.metadata.name, cell: (job) => <Link className="strong" to={at(project, 'jobs', job.metadata.name)}>{job.metadata.name}</Link> },
    { key: 'status', title: t('field.status'), cell: (job) => <JobStatus job={job} /> },
    { key: 'version', title: t('algorithms.version'), sort: (job) => job.status?.algorithm?.version, cell: (job) => <span className="mono">{job.status?.algorithm?.version ?? job.spec.algorithm?.version ?? '—'}</span> },
    { key: 'model', title: t('jobs.model'), from: 'md', cell: (job) => job.status?.models?.map(({ name, version }) => <Link key={name} to={at(project, 'models', name)}>{name}/{version}</Link>) },
    { key: 'created', title: t('field.created'), from: 'md', sort: (job) => job.metadata.creationTimestamp, cell: (job) => <Ago time={job.metadata.creationTimestamp} /> },
  ]
  return (
    <div className="grid">
      <div className="span-7 stack">
        {description && <Card><p className="pre wraps" style={{ margin: 0 }}>{description}</p></Card>}
        <Card title={t('algorithms.jobs')}><DataTable rows={jobs} columns={columns} rowKey={(job) => job.metadata.name} order="created.desc" prefix="jobs." empty={<Empty title={t('algorithms.noJobs')} />} /></Card>
      </div>
      <Card className="span-5" title={t('jobs.about')}><About algorithm={algorithm} project={project} /></Card>
    </div>
  )
}

function About({ algorithm: { metadata, spec }, project }: { algorithm: Algorithm; project: string }) {
  const t = useText()
  const limits = Object.entries(spec.resources?.limits ?? spec.resources?.requests ?? {})
  return (
    <Facts of={[
      [t('algorithms.command'), <span key="command" className="mono">{spec.command.join(' ')}</span>],
      [t('jobs.environment'), spec.environment ? <Link key="environment" to={at(project, 'environments', spec.environment)}>{spec.environment}</Link> : t('jobs.hostEnvironment')],
      [t('algorithms.inputs'), spec.inputs?.map((input) => <div key={input.name}><span className="mono">{input.name}</span>{input.optional && <span className="muted"> ({t('form.optional')})</span>}{input.description && <div className="muted small">{input.description}</div>}</div>)],
      [t('algorithms.model'), spec.outputs?.model],
      [t('algorithms.metrics'), spec.outputs?.metrics?.map((one) => <div key={one.name}><span className="mono">{one.name}</span>{one.description && <div className="muted small">{one.description}</div>}</div>)],
      [t('jobs.resources'), limits.map(([name, amount]) => `${name} ${String(amount)}`).join(', ')],
      [t('algorithms.source'), spec.source && <span key="source" className="wraps"><span className="mono">{spec.source.url}</span><div className="muted small mono">{[spec.source.revision, spec.source.commit.slice(0, 12), spec.source.path].filter(Boolean).join(' · ')}</div></span>],
      [t('algorithms.sharedWith'), spec.sharedWith?.join(', ')],
      [t('field.createdBy'), metadata.annotations?.[CREATED_BY]],
      [t('field.created'), <Ago key="created" time={metadata.creationTimestamp} />],
    ]} />
  )
}
