import { Button } from 'antd'
import { Link } from 'react-router'
import { useCan } from '../../api/access'
import type { Notebook } from '../../api/generated'
import { CREATED_BY, NOTEBOOKS } from '../../api/kinds'
import { useList } from '../../api/useKube'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { PageHead } from '../../components/PageHead'
import { Empty } from '../../components/States'
import { Status } from '../../components/Status'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { number } from '../../i18n/format'
import { readiness } from '../../objects/readiness'
import { OpenLab } from './OpenLab'

const POLL_MS = 5000
const nameOf = ({ metadata }: Notebook) => metadata.name
const whose = ({ metadata }: Notebook) => metadata.annotations?.[CREATED_BY]

export function NotebookList() {
  const t = useText()
  const project = useProject()
  const all = useList(NOTEBOOKS, { namespace: project, live: POLL_MS })
  const create = useCan('create', NOTEBOOKS, project) && <Link to={at(project, 'notebooks', 'new')}><Button type="primary">{t('notebook.new')}</Button></Link>
  const columns: Column<Notebook>[] = [
    { key: 'name', title: t('field.name'), sort: nameOf, cell: (one) => <Link className="strong" to={at(project, 'notebooks', nameOf(one))}>{nameOf(one)}</Link> },
    { key: 'status', title: t('field.status'), cell: (one) => { const state = readiness(one.status?.conditions); return <Status tone={state.tone} label={t(state.word)} busy={state.busy} /> } },
    { key: 'kernels', title: t('notebook.kernels'), align: 'right', from: 'sm', sort: (one) => one.status?.kernels, cell: (one) => number(one.status?.kernels ?? 0, 0) },
    { key: 'activity', title: t('notebook.activity'), from: 'md', sort: (one) => one.status?.lastActivity, cell: (one) => <Ago time={one.status?.lastActivity} /> },
    { key: 'environment', title: t('notebook.environment'), from: 'lg', sort: (one) => one.spec.environment, cell: (one) => (one.status?.environment ? <Link to={at(project, 'environments', one.status.environment)}>{one.status.environment}</Link> : '—') },
    { key: 'who', title: t('field.createdBy'), from: 'lg', sort: whose, cell: whose },
    { key: 'created', title: t('field.created'), from: 'xl', sort: (one) => one.metadata.creationTimestamp, cell: (one) => <Ago time={one.metadata.creationTimestamp} /> },
    { key: 'open', title: '', align: 'right', cell: (one) => <OpenLab notebook={one} small /> },
  ]
  return (
    <>
      <PageHead title={t('nav.notebooks')} facts={all.data ? [t('notebook.count', { count: all.data.length })] : []} actions={create} />
      <Card>
        <DataTable rows={all.data} error={all.error} retry={all.refetch} columns={columns} rowKey={nameOf} order="name"
          text={(one) => `${nameOf(one)} ${whose(one) ?? ''}`} empty={<Empty title={t('notebook.none')} hint={t('notebook.noneHint')} action={create} />} />
      </Card>
    </>
  )
}
