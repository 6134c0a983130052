import { Link } from 'react-router'
import type { Application } from '../../api/generated'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { Empty } from '../../components/States'
import { at } from '../../frame/useProject'
import { useText } from '../../i18n'
import { SOURCES } from './volumes'
import { sourceWords } from './words'

type Volume = NonNullable<Application['spec']['volumes']>[number]

/** Folders of the program, and where each comes from. */
export function VolumesCard({ app, project }: { app: Application; project: string }) {
  const t = useText()
  const columns: Column<Volume>[] = [
    { key: 'path', title: t('appForm.mountPath'), sort: ({ mountPath }) => mountPath, cell: ({ mountPath, readOnly }) => <div className="wraps"><span className="mono anywhere">{mountPath}</span>{readOnly && <div className="muted small">{t('appForm.readOnly')}</div>}</div> },
    { key: 'source', title: t('appForm.from'), cell: (volume) => <div className="wraps">{sourceOf(volume)} <Source volume={volume} project={project} /></div> },
  ]
  const sourceOf = (volume: Volume) => sourceWords(t, SOURCES.find((one) => volume[one] !== undefined) ?? 'claim')
  return (
    <Card className="span-6" title={t('appForm.volumes')}>
      <DataTable rows={app.spec.volumes ?? []} columns={columns} rowKey={({ name }) => name} prefix="volumes." empty={<Empty title={t('app.noVolumes')} />} />
    </Card>
  )
}

function Source({ volume: { claim, existingClaim, dataset, config, secret }, project }: { volume: Volume; project: string }) {
  if (dataset) return <Link to={at(project, 'datasets', dataset.name)}>{dataset.name}@{dataset.version}</Link>
  return <span className="mono">{claim ? String(claim.size) : (existingClaim ?? config ?? secret)}</span>
}
