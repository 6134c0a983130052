import { Button } from 'antd'
import { Link } from 'react-router'
import { useCan } from '../../api/access'
import type { LabelingProject } from '../../api/generated'
import { LABELING_PROJECTS } from '../../api/kinds'
import { useList } from '../../api/useKube'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { PageHead } from '../../components/PageHead'
import { Empty } from '../../components/States'
import { Status } from '../../components/Status'
import { UsageBar } from '../../components/UsageBar'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { number } from '../../i18n/format'
import { readiness } from '../../objects/readiness'
import { datasetOf } from './answer'
import { KIND } from './words'

const POLL_MS = 10_000
const shareOf = ({ status }: LabelingProject) => (status?.tasks ? (status.done ?? 0) / status.tasks : 0)

export function LabelingList() {
  const t = useText()
  const project = useProject()
  const works = useList(LABELING_PROJECTS, { namespace: project, live: POLL_MS })
  const create = useCan('create', LABELING_PROJECTS, project) && <Link to={at(project, 'labeling', 'new')}><Button type="primary">{t('labeling.new')}</Button></Link>
  const columns: Column<LabelingProject>[] = [
    { key: 'name', title: t('field.name'), sort: (one) => one.metadata.name, cell: (one) => <Link className="strong" to={at(project, 'labeling', one.metadata.name)}>{one.metadata.name}</Link> },
    { key: 'status', title: t('field.status'), cell: (one) => { const state = readiness(one.status?.conditions); return <Status tone={state.tone} label={t(state.word)} busy={state.busy} /> } },
    { key: 'kind', title: t('labeling.kind'), from: 'sm', sort: (one) => one.spec.config.kind, cell: (one) => t(KIND[one.spec.config.kind]) },
    { key: 'dataset', title: t('labeling.dataset'), from: 'md', sort: (one) => one.spec.dataset, cell: (one) => <Link to={at(project, 'datasets', datasetOf(one.spec.dataset))}>{one.status?.dataset ?? one.spec.dataset}</Link> },
    { key: 'tasks', title: t('labeling.tasks'), align: 'right', sort: (one) => one.status?.tasks, cell: (one) => number(one.status?.tasks, 0) },
    { key: 'done', title: t('labeling.done'), width: '20%', sort: shareOf, cell: (one) => <UsageBar ratio={shareOf(one)} label={t('labeling.done')} /> },
    { key: 'created', title: t('field.created'), from: 'xl', sort: (one) => one.metadata.creationTimestamp, cell: (one) => <Ago time={one.metadata.creationTimestamp} /> },
  ]
  return (
    <>
      <PageHead title={t('nav.labeling')} facts={works.data ? [t('labeling.count', { count: works.data.length })] : []} actions={create} />
      <Card>
        <DataTable rows={works.data} error={works.error} retry={works.refetch} columns={columns} rowKey={(one) => one.metadata.name} order="name"
          text={(one) => `${one.metadata.name} ${one.spec.dataset}`} empty={<Empty title={t('labeling.none')} hint={t('labeling.noneHint')} action={create} />} />
      </Card>
    </>
  )
}
