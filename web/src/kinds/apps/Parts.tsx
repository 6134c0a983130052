import { Link } from 'react-router'
import type { InferenceService, TrainingJob } from '../../api/generated'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { Empty } from '../../components/States'
import { Status } from '../../components/Status'
import { at } from '../../frame/useProject'
import { useText } from '../../i18n'
import { readiness } from '../../objects/readiness'
import { JobStatus } from '../jobs/JobStatus'
import { servedLabel } from '../services/traffic'

type Part = { service: InferenceService } | { job: TrainingJob }
const NEWEST = 7
const objectOf = (part: Part) => ('service' in part ? part.service : part.job)

/** What it consists of: services and the model that each serves, jobs. */
export function Parts({ project, app, services, jobs }: { project: string; app: string; services: InferenceService[]; jobs: TrainingJob[] }) {
  const t = useText()
  const newest = jobs.toSorted((a, b) => (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? '')).slice(0, NEWEST)
  const rows: Part[] = [...services.map((service) => ({ service })), ...newest.map((job) => ({ job }))]
  const columns: Column<Part>[] = [
    { key: 'name', title: t('field.name'), sort: (part) => objectOf(part).metadata.name, cell: (part) => <Link to={at(project, 'service' in part ? 'services' : 'jobs', objectOf(part).metadata.name)}>{objectOf(part).metadata.name}</Link> },
    { key: 'kind', title: t('apps.kind'), from: 'sm', sort: (part) => ('service' in part ? 0 : 1), cell: (part) => ('service' in part ? <span>{t('apps.service')} <span className="muted small">{servedLabel(part.service)}</span></span> : t('apps.job')) },
    { key: 'status', title: t('field.status'), cell: (part) => { if ('job' in part) return <JobStatus job={part.job} />; const state = readiness(part.service.status?.conditions); return <Status tone={state.tone} label={t(state.word)} busy={state.busy} /> } },
    { key: 'created', title: t('field.created'), from: 'xxl', sort: (part) => objectOf(part).metadata.creationTimestamp, cell: (part) => <Ago time={objectOf(part).metadata.creationTimestamp} /> },
  ]
  return (
    <Card className="span-5" title={t('apps.parts')} extra={jobs.length > NEWEST && <Link to={`${at(project, 'jobs')}?q=${encodeURIComponent(app)}`}>{t('apps.allJobs', { count: jobs.length })}</Link>}>
      <DataTable rows={rows} columns={columns} rowKey={(part) => `${'service' in part ? 's' : 'j'}${objectOf(part).metadata.name}`} order="created.desc" prefix="parts." empty={<Empty title={t('apps.noParts')} />} />
    </Card>
  )
}
