import { Button } from 'antd'
import { Link } from 'react-router'
import { useCan } from '../../api/access'
import { useDataUsage, useSharedDatasets, type DataUsage, type SharedDataset } from '../../api/datasets'
import type { Dataset } from '../../api/generated'
import { DATASETS } from '../../api/kinds'
import { useList } from '../../api/useKube'
import { useAddress } from '../../components/address'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { PageHead } from '../../components/PageHead'
import { Empty } from '../../components/States'
import { Status } from '../../components/Status'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { bytes, number } from '../../i18n/format'
import { readiness } from '../../objects/readiness'
import { CreateDataset } from './Create'
import { Found } from './Found'

const newest = (dataset: Dataset) => dataset.status?.versions?.find((one) => one.name === dataset.status?.latest)

export function DatasetList() {
  const t = useText()
  const project = useProject()
  const datasets = useList(DATASETS, { namespace: project })
  const shared = useSharedDatasets(project)
  const usage = useDataUsage(project)
  const usageWords = ({ used, limit }: DataUsage) => (limit === null ? t('datasets.usage', { used: bytes(used) }) : t('datasets.usageOf', { used: bytes(used), limit: bytes(limit) }))
  const [words] = useAddress('q')
  const mayCreate = useCan('create', DATASETS, project)
  const create = mayCreate && <CreateDataset project={project} />
  const columns: Column<Dataset>[] = [
    { key: 'name', title: t('field.name'), sort: (one) => one.metadata.name, cell: (one) => <Link className="strong" to={at(project, 'datasets', one.metadata.name)}>{one.metadata.name}</Link> },
    { key: 'status', title: t('field.status'), cell: (one) => { const state = readiness(one.status?.conditions); return <Status tone={state.tone} label={t(state.word)} busy={state.busy} /> } },
    { key: 'latest', title: t('datasets.latest'), sort: (one) => one.status?.latest, cell: (one) => one.status?.latest ?? '—' },
    { key: 'files', title: t('datasets.files'), align: 'right', sort: (one) => newest(one)?.files, cell: (one) => number(newest(one)?.files, 0) },
    { key: 'bytes', title: t('datasets.size'), align: 'right', sort: (one) => newest(one)?.bytes, cell: (one) => bytes(newest(one)?.bytes) },
    {
      key: 'description', title: t('field.description'), from: 'md', width: '30%',
      cell: (one) => <div className="row wrap wraps" style={{ gap: 6 }}><span>{one.spec.description}</span>{one.spec.tags?.map((tag) => <span className="tag" key={tag}>{tag}</span>)}</div>,
    },
    { key: 'changed', title: t('datasets.changed'), sort: (one) => newest(one)?.createdAt, cell: (one) => <Ago time={newest(one)?.createdAt ?? one.metadata.creationTimestamp} /> },
  ]
  return (
    <>
      <PageHead title={t('nav.datasets')} facts={datasets.data ? [t('datasets.count', { count: datasets.data.length }), usage.data && usageWords(usage.data)] : []} actions={create} />
      <Card>
        <DataTable rows={datasets.data} error={datasets.error} retry={datasets.refetch} columns={columns} rowKey={(one) => one.metadata.name} order="name"
          text={(one) => `${one.metadata.name} ${one.spec.description ?? ''} ${one.spec.tags?.join(' ') ?? ''}`}
          empty={<Empty title={t('datasets.none')} hint={t('datasets.noneHint')} action={create} />} />
      </Card>
      {(shared.data?.length ?? 0) > 0 && <SharedOnes project={project} rows={shared.data ?? []} />}
      <Found project={project} words={words} />
    </>
  )
}

/** What other projects let this one read. */
function SharedOnes({ project, rows }: { project: string; rows: SharedDataset[] }) {
  const t = useText()
  const columns: Column<SharedDataset>[] = [
    { key: 'name', title: t('field.name'), sort: (one) => one.name, cell: (one) => <><span className="strong">{one.name}</span><div className="muted small">{one.description}</div></> },
    { key: 'latest', title: t('datasets.latest'), cell: (one) => one.versions[0]?.name ?? '—' },
    { key: 'files', title: t('datasets.files'), align: 'right', sort: (one) => one.versions[0]?.files, cell: (one) => number(one.versions[0]?.files, 0) },
    { key: 'bytes', title: t('datasets.size'), align: 'right', sort: (one) => one.versions[0]?.bytes, cell: (one) => bytes(one.versions[0]?.bytes) },
    { key: 'use', title: '', align: 'right', cell: (one) => <Link to={`${at(project, 'jobs', 'new')}?dataset=${encodeURIComponent(one.name)}`}><Button size="small">{t('datasets.train')}</Button></Link> },
  ]
  return <Card title={t('datasets.sharedHere')}><DataTable rows={rows} columns={columns} rowKey={(one) => one.name} order="name" prefix="shared." empty={<Empty title={t('datasets.none')} />} /></Card>
}
