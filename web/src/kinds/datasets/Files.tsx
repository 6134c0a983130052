import { Select } from 'antd'
import type { Dataset } from '../../api/generated'
import { fileAddress, useFiles, type DataFile } from '../../api/data'
import { useAddress } from '../../components/address'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { Empty } from '../../components/States'
import { useText } from '../../i18n'
import { bytes } from '../../i18n/format'

/** The files of one version, to look at and to download. */
export function Files({ dataset, project }: { dataset: Dataset; project: string }) {
  const t = useText()
  const { name } = dataset.metadata
  const versions = dataset.status?.versions ?? []
  const [chosen, choose] = useAddress('version', dataset.status?.latest ?? versions[0]?.name ?? '')
  const files = useFiles(project, name, chosen || undefined)
  const columns: Column<DataFile>[] = [
    { key: 'path', title: t('files.path'), sort: (one) => one.path, cell: (one) => <a className="mono" download href={fileAddress(project, name, chosen, one.path)}>{one.path}</a> },
    { key: 'size', title: t('datasets.size'), align: 'right', sort: (one) => one.size, cell: (one) => bytes(one.size) },
    { key: 'digest', title: t('datasets.digest'), from: 'sm', cell: (one) => <span className="mono" title={one.digest}>{one.digest.replace('sha256:', '').slice(0, 12)}</span> },
  ]
  const none = <Empty title={t('datasets.noVersion')} />
  return (
    <Card>
      {chosen === '' ? none : (
        <DataTable rows={files.data} error={files.error} retry={files.refetch} columns={columns} rowKey={(one) => one.path} text={(one) => one.path} order="path" prefix="files." empty={none}
          tools={<Select value={chosen} onChange={choose} aria-label={t('datasets.version')} style={{ minWidth: 100 }} options={versions.map((one) => ({ value: one.name, label: one.name }))} />} />
      )}
    </Card>
  )
}
