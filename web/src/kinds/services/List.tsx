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
import type { Tone } from '../../components/tone'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { duration, number } from '../../i18n/format'
import { readiness } from '../../objects/readiness'
import { reasonWords } from '../../objects/reasons'
import { modelName, speaksV2 } from './endpoint'
import { underWay } from './rollout'
import { scaleShort } from './scale'
import { modelLabel, servedLabel, serviceApp, useTraffic } from './traffic'
import { rolloutMark } from './words'

/** What the status alone says enough about. */
const QUIET = new Set<Tone>(['success', 'muted'])

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
        return <div><Status tone={state.tone} label={t(state.word)} busy={state.busy} />{!QUIET.has(state.tone) && <div className="muted small">{reasonWords(t, state.reason)}</div>}</div>
      },
    },
    { key: 'model', title: t('services.serves'), sort: servedLabel, cell: (one) => <Served service={one} project={project} /> },
    { key: 'replicas', title: t('services.replicas'), align: 'right', sort: (one) => one.status?.readyReplicas, cell: (one) => scaleShort(t, one) },
    { key: 'rate', title: t('services.rate'), align: 'right', sort: (one) => traffic(name(one)).rate, cell: (one) => number(traffic(name(one)).rate ?? 0) },
    { key: 'p99', title: 'p99', align: 'right', sort: (one) => traffic(name(one)).p99, cell: (one) => duration(traffic(name(one)).p99) },
    { key: 'app', title: t('field.application'), from: 'lg', sort: serviceApp, cell: serviceApp },
    {
      key: 'go', title: '', align: 'right',
      cell: (one) => (
        <span className="cell-actions">
          {speaksV2(one) && <Link to={at(project, 'services', name(one), 'try')}>{t('services.try')}</Link>}
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
          text={(one) => `${name(one)} ${modelLabel(one)} ${servedLabel(one)} ${serviceApp(one)}`} empty={<Empty title={t('services.none')} hint={t('services.noneHint')} action={create} />} />
      </Card>
    </>
  )
}

/** A model, a program or both, and the version on its way in. */
function Served({ service, project }: { service: InferenceService; project: string }) {
  const t = useText()
  const coming = underWay(service)
  const { model, server } = service.spec
  return (
    <span className="row" style={{ gap: 6 }}>
      {model && <Link to={at(project, 'models', modelName(service))}>{modelLabel(service)}</Link>}
      {server && (model ? <span className="muted small">{t('services.withProgram')}</span> : <span className="mono truncate" style={{ maxWidth: 280 }}>{servedLabel(service)}</span>)}
      {coming && <span className="tag tone-accent numbers">{rolloutMark(t, coming)}</span>}
    </span>
  )
}
