import { Button } from 'antd'
import { Link } from 'react-router'
import { useCan } from '../../api/access'
import type { InferenceService } from '../../api/generated'
import { INFERENCE_SERVICES } from '../../api/kinds'
import { useList } from '../../api/useKube'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { PageHead } from '../../components/PageHead'
import { Empty } from '../../components/States'
import { Status } from '../../components/Status'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { duration, number } from '../../i18n/format'
import { readiness } from '../../objects/readiness'
import { reasonWords } from '../../objects/reasons'
import { modelLabel, serviceApp, useTraffic } from './traffic'

export function ServiceList() {
  const t = useText()
  const project = useProject()
  const services = useList(INFERENCE_SERVICES, { namespace: project })
  const traffic = useTraffic(project)
  const mayCreate = useCan('create', INFERENCE_SERVICES, project)
  const create = mayCreate && <Link to={at(project, 'services', 'new')}><Button type="primary">{t('services.new')}</Button></Link>
  const name = (one: InferenceService) => one.metadata.name
  const columns: Column<InferenceService>[] = [
    { key: 'name', title: t('field.name'), sort: name, cell: (one) => <Link className="strong" to={at(project, 'services', name(one))}>{name(one)}</Link> },
    {
      key: 'status', title: t('field.status'),
      cell: (one) => {
        const state = readiness(one.status?.conditions)
        return <div><Status tone={state.tone} label={t(state.word)} busy={state.busy} />{state.tone !== 'success' && <div className="muted small">{reasonWords(t, state.reason)}</div>}</div>
      },
    },
    { key: 'model', title: t('jobs.model'), sort: modelLabel, cell: (one) => <Link to={at(project, 'models', one.status?.modelName ?? modelLabel(one).split(/[/@]/)[0] ?? '')}>{modelLabel(one)}</Link> },
    { key: 'replicas', title: t('services.replicas'), align: 'right', sort: (one) => one.status?.readyReplicas, cell: (one) => t('services.replicasOf', { ready: one.status?.readyReplicas ?? 0, wanted: one.spec.replicas ?? 1 }) },
    { key: 'rate', title: t('services.rate'), align: 'right', sort: (one) => traffic(name(one)).rate, cell: (one) => number(traffic(name(one)).rate ?? 0) },
    { key: 'p99', title: 'p99', align: 'right', sort: (one) => traffic(name(one)).p99, cell: (one) => duration(traffic(name(one)).p99) },
    { key: 'app', title: t('field.application'), from: 'lg', sort: serviceApp, cell: serviceApp },
    {
      key: 'go', title: '', align: 'right',
      cell: (one) => (
        <span className="cell-actions">
          <Link to={at(project, 'services', name(one), 'try')}>{t('services.try')}</Link>
          <Link to={`${at(project, 'logs')}?app=${encodeURIComponent(serviceApp(one))}`}>{t('action.logs')}</Link>
          <Link to={`${at(project, 'traces')}?service=${encodeURIComponent(serviceApp(one))}`}>{t('action.traces')}</Link>
        </span>
      ),
    },
  ]
  return (
    <>
      <PageHead title={t('nav.services')} facts={services.data ? [t('services.count', { count: services.data.length })] : []} actions={create} />
      <Card>
        <DataTable rows={services.data} error={services.error} retry={services.refetch} columns={columns} rowKey={name} order="name"
          text={(one) => `${name(one)} ${one.spec.model} ${serviceApp(one)}`} empty={<Empty title={t('services.none')} hint={t('services.noneHint')} action={create} />} />
      </Card>
    </>
  )
}
