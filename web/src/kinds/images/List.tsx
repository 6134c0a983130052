import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import { deleteImage, listImages, type ContainerImage } from '../../api/images'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { Danger } from '../../components/Danger'
import { DataTable, type Column } from '../../components/DataTable'
import { PageHead } from '../../components/PageHead'
import { Empty } from '../../components/States'
import { at } from '../../frame/useProject'
import { useText } from '../../i18n'
import { bytes } from '../../i18n/format'
import { Load } from './Load'

const POLL_MS = 5000
const KEY = ['images']

/** The platform's container images: how large, who uses them. */
export function ImageList() {
  const t = useText()
  const { data, error, refetch } = useQuery({ queryKey: KEY, queryFn: listImages, refetchInterval: POLL_MS })
  const mayChange = data?.mayChange ?? false
  const total = data?.images.reduce((sum, one) => sum + one.sizeBytes, 0) ?? 0
  const remove = async (one: ContainerImage) => {
    await deleteImage(one.id)
    await refetch()
  }
  const columns: Column<ContainerImage>[] = [
    { key: 'name', title: t('field.name'), sort: nameOf, cell: (one) => <Names of={one} /> },
    { key: 'size', title: t('images.size'), align: 'right', sort: (one) => one.sizeBytes, cell: (one) => bytes(one.sizeBytes) },
    { key: 'used', title: t('images.used'), from: 'md', sort: (one) => one.usedAt, cell: (one) => <Ago time={one.usedAt} /> },
    { key: 'by', title: t('images.usedBy'), sort: (one) => one.usedBy.length, cell: (one) => <Users of={one} /> },
  ]
  if (mayChange) {
    columns.push({
      key: 'go', title: '', align: 'right',
      cell: (one) => <Danger size="small" type="text" label={t('action.delete')} question={t('images.deleteAsk', { name: nameOf(one) })} consequence={t('images.deleteWhat')} act={() => remove(one)} />,
    })
  }
  return (
    <>
      <PageHead title={t('nav.images')} facts={data ? [t('images.count', { count: data.images.length }), bytes(total)] : []} actions={mayChange && <Load loaded={() => void refetch()} />} />
      <Card>
        <DataTable rows={data?.images} error={error} retry={refetch} columns={columns} rowKey={(one) => one.id} text={(one) => [...one.names, one.id, ...one.usedBy].join(' ')} order="name.asc"
          empty={<Empty title={t('images.none')} hint={t(mayChange ? 'images.noneHint' : 'images.noneHintUser')} />} />
      </Card>
    </>
  )
}

const shortId = (id: string) => id.slice(0, 'sha256:'.length + 12)
const nameOf = (one: ContainerImage) => one.names[0] ?? shortId(one.id)

function Names({ of }: { of: ContainerImage }) {
  return (
    <>
      {of.names.map((name) => <div key={name} className="mono anywhere">{name}</div>)}
      <div className="mono muted small">{shortId(of.id)}</div>
    </>
  )
}

/** So many are named; the rest is counted. */
const NAMED = 3

function Users({ of }: { of: ContainerImage }) {
  const t = useText()
  if (of.usedBy.length === 0) return <span className="muted">{t('images.unused')}</span>
  return (
    <>
      {of.usedBy.slice(0, NAMED).map((pod) => {
        const [project = '', name = ''] = pod.split('/')
        return <div key={pod} className="mono anywhere"><Link to={`${at(project, 'logs')}?pod=${encodeURIComponent(name)}`}>{pod}</Link></div>
      })}
      {of.usedBy.length > NAMED && <div className="muted small">{t('images.more', { count: of.usedBy.length - NAMED })}</div>}
    </>
  )
}
