import { Link } from 'react-router'
import { useApprovals } from '../../api/approvals'
import { INFERENCE_SERVICES } from '../../api/kinds'
import { useModels, useVersions, type ModelVersion, type RegisteredModel } from '../../api/mlflow'
import { useList } from '../../api/useKube'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { PageHead } from '../../components/PageHead'
import { Empty } from '../../components/States'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { number } from '../../i18n/format'
import { Lock } from './Aliases'
import { isProtected, openOf } from './approval'

export function ModelList() {
  const t = useText()
  const project = useProject()
  const models = useModels(project)
  const versions = useVersions(project)
  const services = useList(INFERENCE_SERVICES, { namespace: project, live: 10_000 })
  const approvals = useApprovals(project, { state: 'open' }).data
  const open = (model: RegisteredModel) => openOf(approvals, model.name).length
  const of = (model: RegisteredModel): ModelVersion[] => {
    const known = versions.data?.filter((one) => one.name === model.name) ?? model.latest_versions ?? []
    return known.toSorted((a, b) => Number(b.version) - Number(a.version))
  }
  const serving = (model: RegisteredModel) => services.data?.filter((one) => one.status?.modelName === model.name) ?? []
  const changed = (model: RegisteredModel) => Number(model.last_updated_timestamp ?? model.creation_timestamp) || undefined
  const columns: Column<RegisteredModel>[] = [
    { key: 'name', title: t('field.name'), sort: (model) => model.name, cell: (model) => <Name to={at(project, 'models', model.name)} name={model.name} open={open(model)} /> },
    { key: 'latest', title: t('models.newest'), sort: (model) => Number(of(model)[0]?.version), cell: (model) => (of(model)[0] ? t('models.version', { version: of(model)[0]?.version ?? '' }) : '—') },
    { key: 'versions', title: t('models.versions'), align: 'right', sort: (model) => of(model).length, cell: (model) => number(of(model).length, 0) },
    { key: 'aliases', title: t('models.aliases'), cell: (model) => <span className="row wrap" style={{ gap: 6 }}>{model.aliases?.map((one) => <span className="tag tone-accelerator" key={one.alias}>{isProtected(approvals, one.alias) && <Lock />}@{one.alias} → {one.version}</span>) ?? '—'}</span> },
    { key: 'served', title: t('models.servedBy'), from: 'md', cell: (model) => (serving(model).length ? serving(model).map(({ metadata }) => <Link key={metadata.name} to={at(project, 'services', metadata.name)} style={{ marginRight: 8 }}>{metadata.name}</Link>) : <span className="muted">{t('lineage.notServed')}</span>) },
    { key: 'changed', title: t('datasets.changed'), sort: changed, cell: (model) => <Ago time={changed(model)} /> },
  ]
  return (
    <>
      <PageHead title={t('nav.models')} facts={models.data ? [t('models.count', { count: models.data.length })] : []} />
      <Card>
        <DataTable rows={models.data} error={models.error} retry={models.refetch} columns={columns} rowKey={(model) => model.name} order="changed.desc"
          text={(model) => `${model.name} ${model.description ?? ''} ${model.aliases?.map((one) => one.alias).join(' ') ?? ''}`}
          empty={<Empty title={t('models.none')} hint={t('models.noneHint')} />} />
      </Card>
    </>
  )
}

/** A model, marked where somebody waits for a decision. */
function Name({ to, name, open }: { to: string; name: string; open: number }) {
  const t = useText()
  return (
    <span className="row wrap">
      <Link className="strong" to={to}>{name}</Link>
      {open > 0 && <span className="tag tone-warning">{t('approvals.count', { count: open })}</span>}
    </span>
  )
}
