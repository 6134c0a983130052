import type { Dataset } from '../../api/generated'
import { Ago } from '../../components/Ago'
import { Code, CopyButton } from '../../components/Code'
import { DataTable, type Column } from '../../components/DataTable'
import { Empty } from '../../components/States'
import { useText } from '../../i18n'
import { bytes, number } from '../../i18n/format'

type Version = NonNullable<NonNullable<Dataset['status']>['versions']>[number]

/** Versions never change: a name and a digest for each. */
export function Versions({ dataset, project }: { dataset: Dataset; project: string }) {
  const t = useText()
  const columns: Column<Version>[] = [
    {
      key: 'name', title: t('datasets.version'), sort: (one) => one.name,
      cell: (one) => <span className="row"><span className="strong">{one.name}</span>{one.name === dataset.status?.latest && <span className="tag tone-accent">{t('datasets.latest')}</span>}</span>,
    },
    { key: 'files', title: t('datasets.files'), align: 'right', sort: (one) => one.files, cell: (one) => number(one.files, 0) },
    { key: 'bytes', title: t('datasets.size'), align: 'right', sort: (one) => one.bytes, cell: (one) => bytes(one.bytes) },
    {
      key: 'digest', title: t('datasets.digest'),
      cell: (one) => <span className="row" style={{ gap: 2 }}><span className="mono" title={one.digest}>{one.digest.replace('sha256:', '').slice(0, 12)}</span><CopyButton text={one.digest} /></span>,
    },
    { key: 'by', title: t('field.createdBy'), from: 'sm', sort: (one) => one.createdBy, cell: (one) => one.createdBy },
    { key: 'at', title: t('field.created'), sort: (one) => one.createdAt, cell: (one) => <Ago time={one.createdAt} /> },
  ]
  const upload = `dais upload ${dataset.metadata.name} ./folder --project ${project}`
  return (
    <DataTable rows={dataset.status?.versions ?? []} columns={columns} rowKey={(one) => one.name} prefix="versions." order="at.desc"
      empty={<Empty title={t('datasets.noVersion')} hint={t('datasets.noVersionHint')} action={<Code text={upload} label={t('datasets.upload')} />} />} />
  )
}
