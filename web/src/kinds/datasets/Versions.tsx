import { Link } from 'react-router'
import { useCan } from '../../api/access'
import type { Dataset } from '../../api/generated'
import { DATASETS } from '../../api/kinds'
import { useVersions, type DataVersion } from '../../api/versions'
import { Ago } from '../../components/Ago'
import { Code, CopyButton } from '../../components/Code'
import { DataTable, type Column } from '../../components/DataTable'
import { Empty } from '../../components/States'
import { at } from '../../frame/useProject'
import { useText } from '../../i18n'
import { bytes, number } from '../../i18n/format'
import { EditVersion } from './EditVersion'
import { OriginLink } from './OriginLink'

/** Versions never change: a name and a digest for each; tags and words on it do. */
export function Versions({ dataset, project }: { dataset: Dataset; project: string }) {
  const t = useText()
  const { name } = dataset.metadata
  const latest = dataset.status?.latest ?? ''
  const mayEdit = useCan('update', DATASETS, project)
  const versions = useVersions(project, name, latest)
  const all = versions.data ?? []
  const columns: Column<DataVersion>[] = [
    {
      key: 'name', title: t('datasets.version'), sort: (one) => Number(one.name.slice(1)),
      cell: (one) => (
        <div className="wraps version-name">
          <span className="row wrap" style={{ gap: '2px 6px' }}>
            <Link className="strong" to={`${at(project, 'datasets', name, 'files')}?version=${one.name}`}>{one.name}</Link>
            {one.name === latest && <span className="tag tone-accent">{t('datasets.latest')}</span>}
            {one.tags.map((tag) => <span className="tag tone-accelerator anywhere" key={tag}>{tag}</span>)}
          </span>
          {one.description && <div className="muted small pre">{one.description}</div>}
        </div>
      ),
    },
    { key: 'files', title: t('datasets.files'), align: 'right', from: 'sm', sort: (one) => one.files, cell: (one) => number(one.files, 0) },
    { key: 'bytes', title: t('datasets.size'), align: 'right', sort: (one) => one.bytes, cell: (one) => bytes(one.bytes) },
    {
      key: 'digest', title: t('datasets.digest'), from: 'xl',
      cell: (one) => <span className="row" style={{ gap: 2 }}><span className="mono" title={one.digest}>{one.digest.replace('sha256:', '').slice(0, 12)}</span><CopyButton text={one.digest} /></span>,
    },
    { key: 'by', title: t('field.createdBy'), from: 'md', sort: (one) => one.createdBy, cell: (one) => one.createdBy },
    ...(all.some((one) => one.origin) ? [{ key: 'origin', title: t('datasets.madeBy'), from: 'lg' as const, sort: (one: DataVersion) => one.origin?.name ?? '', cell: (one: DataVersion) => one.origin && <OriginLink project={project} origin={one.origin} /> }] : []),
    { key: 'at', title: t('field.created'), sort: (one) => one.createdAt, cell: (one) => <Ago time={one.createdAt} /> },
    ...(mayEdit ? [{ key: 'edit', title: '', align: 'right' as const, cell: (one: DataVersion) => <EditVersion project={project} dataset={name} version={one} all={all} /> }] : []),
  ]
  const upload = `dais upload ${name} ./folder --project ${project}`
  return (
    <DataTable rows={versions.data} error={versions.error} retry={versions.refetch} columns={columns} rowKey={(one) => one.name} prefix="versions." order="name.desc"
      text={(one) => `${one.name} ${one.tags.join(' ')} ${one.description} ${one.createdBy}`}
      empty={<Empty title={t('datasets.noVersion')} hint={t('datasets.noVersionHint')} action={<Code text={upload} label={t('datasets.upload')} />} />} />
  )
}
