import { DownloadOutlined } from '@ant-design/icons'
import { Select } from 'antd'
import { Link, useSearchParams } from 'react-router'
import type { Dataset } from '../../api/generated'
import { fileAddress, useFiles, type DataFile } from '../../api/data'
import { useVersions } from '../../api/versions'
import { useAddress } from '../../components/address'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { Empty } from '../../components/States'
import { useText } from '../../i18n'
import { bytes } from '../../i18n/format'
import { FileView } from './FileView'

/** The files of one version, to look into and to download. */
export function Files({ dataset, project }: { dataset: Dataset; project: string }) {
  const t = useText()
  const { name } = dataset.metadata
  const latest = dataset.status?.latest ?? ''
  const versions = useVersions(project, name, latest)
  const [search] = useSearchParams()
  const [chosen, choose] = useAddress('version', latest)
  const file = search.get('file') ?? ''
  const files = useFiles(project, name, chosen || undefined)
  const to = (path: string) => {
    const next = new URLSearchParams(search)
    next.set('version', chosen)
    next.set('file', path)
    return `?${next}`
  }
  const columns: Column<DataFile>[] = [
    { key: 'path', title: t('files.path'), sort: (one) => one.path, cell: (one) => <Link className="mono" to={to(one.path)}>{one.path}</Link> },
    { key: 'size', title: t('datasets.size'), align: 'right', sort: (one) => one.size, cell: (one) => bytes(one.size) },
    { key: 'digest', title: t('datasets.digest'), from: 'sm', cell: (one) => <span className="mono" title={one.digest}>{one.digest.replace('sha256:', '').slice(0, 12)}</span> },
    {
      key: 'get', title: '', align: 'right',
      cell: (one) => <a download href={fileAddress(project, name, chosen, one.path)} aria-label={t('files.downloadOf', { path: one.path })} title={t('files.download')}><DownloadOutlined /></a>,
    },
  ]
  const none = <Empty title={t('datasets.noVersion')} />
  if (chosen === '') return <Card>{none}</Card>
  if (file) return <FileView key={`${chosen}/${file}`} where={{ project, dataset: name, version: chosen, path: file }} />
  const names = (versions.data ?? []).map((one) => ({ value: one.name, label: one.tags.length ? `${one.name} · ${one.tags.join(', ')}` : one.name }))
  return (
    <Card>
      <DataTable rows={files.data} error={files.error} retry={files.refetch} columns={columns} rowKey={(one) => one.path} text={(one) => one.path} order="path" prefix="files." empty={none}
        tools={<Select value={chosen} onChange={choose} aria-label={t('datasets.version')} style={{ minWidth: 120 }} options={names} />} />
    </Card>
  )
}
