import { Link } from 'react-router'
import type { KubeObject, Condition } from '../../api/meta'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { Empty } from '../../components/States'
import { Status } from '../../components/Status'
import { at } from '../../frame/useProject'
import { useText, type MessageKey } from '../../i18n'
import { readiness } from '../../objects/readiness'
import { JobStatus } from '../jobs/JobStatus'
import type { Phased } from '../jobs/phase'
import { servedLabel } from '../services/traffic'
import type { Consists } from './useApplication'

interface Part {
  object: KubeObject & { status?: { conditions?: Condition[] } | null }
  /** Its page, and the word for what it is. */
  page: 'applications' | 'services' | 'notebooks' | 'jobs'
  word: MessageKey
  /** What a service serves. */
  more?: string
}

const NEWEST = 7
const ORDER = ['applications', 'services', 'notebooks', 'jobs']
const nameOf = ({ object }: Part) => object.metadata.name
const madeAt = ({ object }: Part) => object.metadata.creationTimestamp

function partsOf({ programs, services, notebooks, jobs }: Consists): Part[] {
  const newest = jobs.toSorted((a, b) => (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? '')).slice(0, NEWEST)
  return [
    ...programs.map((object) => ({ object, page: 'applications', word: 'apps.program' }) as Part),
    ...services.map((object) => ({ object, page: 'services', word: 'apps.service', more: servedLabel(object) }) as Part),
    ...notebooks.map((object) => ({ object, page: 'notebooks', word: 'apps.notebook' }) as Part),
    ...newest.map((object) => ({ object, page: 'jobs', word: 'apps.job' }) as Part),
  ]
}

/** What it consists of: the program, services and the model that each serves, notebooks, jobs. */
export function Parts({ project, app, of }: { project: string; app: string; of: Consists }) {
  const t = useText()
  const columns: Column<Part>[] = [
    { key: 'name', title: t('field.name'), sort: nameOf, cell: (part) => <Link to={at(project, part.page, nameOf(part))}>{nameOf(part)}</Link> },
    { key: 'kind', title: t('apps.kind'), from: 'sm', sort: ({ page }) => ORDER.indexOf(page), cell: ({ word, more }) => <span>{t(word)} {more && <span className="muted small">{more}</span>}</span> },
    { key: 'status', title: t('field.status'), cell: (part) => <State of={part} /> },
    { key: 'created', title: t('field.created'), from: 'xxl', sort: madeAt, cell: (part) => <Ago time={madeAt(part)} /> },
  ]
  const count = of.jobs.length
  return (
    <Card className="span-5" title={t('apps.parts')} extra={count > NEWEST && <Link to={`${at(project, 'jobs')}?q=${encodeURIComponent(app)}`}>{t('apps.allJobs', { count })}</Link>}>
      <DataTable rows={partsOf(of)} columns={columns} rowKey={(part) => `${part.page}/${nameOf(part)}`} order="created.desc" prefix="parts." empty={<Empty title={t('apps.noParts')} />} />
    </Card>
  )
}

function State({ of: { object, page } }: { of: Part }) {
  const t = useText()
  if (page === 'jobs') return <JobStatus job={object as Phased} />
  const state = readiness(object.status?.conditions)
  return <Status tone={state.tone} label={t(state.word)} busy={state.busy} />
}
