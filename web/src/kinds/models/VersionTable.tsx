import { Button } from 'antd'
import { Link } from 'react-router'
import { useCan } from '../../api/access'
import type { Approvals } from '../../api/approvals'
import type { InferenceService, TrainingJob } from '../../api/generated'
import { INFERENCE_SERVICES } from '../../api/kinds'
import type { ModelVersion, RegisteredModel } from '../../api/mlflow'
import { Ago } from '../../components/Ago'
import { DataTable, type Column } from '../../components/DataTable'
import { Empty } from '../../components/States'
import { at } from '../../frame/useProject'
import { useText } from '../../i18n'
import { percent } from '../../i18n/format'
import { rolloutsOf } from '../services/rollout'
import { Aliases } from './Aliases'

interface Props {
  project: string
  model: RegisteredModel
  versions: ModelVersion[]
  approvals: Approvals | undefined
  jobs: TrainingJob[]
  services: InferenceService[]
  chosen: string | undefined
  choose: (version: string) => void
}

export function VersionTable({ project, model, versions, approvals, jobs, services, chosen, choose }: Props) {
  const t = useText()
  const mayDeploy = useCan('create', INFERENCE_SERVICES, project)
  const jobOf = (version: ModelVersion) => jobs.find((job) => version.run_id && job.status?.runId === version.run_id)
  const serving = (version: ModelVersion) => services.filter((one) => one.status?.modelName === model.name && one.status.modelVersion === version.version)
  const columns: Column<ModelVersion>[] = [
    {
      key: 'version', title: t('datasets.version'), sort: (one) => Number(one.version),
      cell: (one) => <Button type="link" size="small" style={{ padding: 0, fontWeight: one.version === chosen ? 700 : 500 }} onClick={() => choose(one.version)}>{t('models.version', { version: one.version })}</Button>,
    },
    { key: 'aliases', title: t('models.aliases'), cell: (one) => <Aliases project={project} model={model} versions={versions} version={one} approvals={approvals} mayEdit={mayDeploy === true} /> },
    { key: 'job', title: t('models.madeBy'), cell: (one) => { const job = jobOf(one); return job ? <Link to={at(project, 'jobs', job.metadata.name)}>{job.metadata.name}</Link> : '—' } },
    { key: 'served', title: t('models.servedBy'), from: 'sm', cell: (one) => <ServedBy project={project} serving={serving(one)} coming={rolloutsOf(services, { name: model.name, version: one.version })} /> },
    { key: 'created', title: t('field.created'), sort: (one) => Number(one.creation_timestamp), cell: (one) => <Ago time={Number(one.creation_timestamp) || undefined} /> },
    {
      key: 'deploy', title: '', align: 'right',
      cell: (one) => mayDeploy && <Link to={`${at(project, 'services', 'new')}?model=${encodeURIComponent(`models:/${model.name}/${one.version}`)}`}>{t('models.deploy')}</Link>,
    },
  ]
  return <DataTable rows={versions} columns={columns} rowKey={(one) => one.version} order="version.desc" prefix="versions." empty={<Empty title={t('datasets.noVersion')} hint={t('models.noneHint')} />} />
}

/** The services that answer with a version, those that it is on its way into, and those that took it back. */
function ServedBy({ project, serving, coming }: { project: string; serving: InferenceService[]; coming: ReturnType<typeof rolloutsOf> }) {
  const t = useText()
  const link = (name: string) => <Link to={at(project, 'services', name)}>{name}</Link>
  const beginning = coming.filter(({ service }) => !serving.includes(service))
  return (
    <span className="row wrap" style={{ gap: '2px 10px' }}>
      {serving.map(({ metadata }) => <span key={metadata.name}>{link(metadata.name)}</span>)}
      {beginning.map(({ service: { metadata }, rollout }) => (
        <span key={metadata.name}>
          {link(metadata.name)} {rollout.state === 'RolledBack' ? <span className="tag tone-warning">{t('models.takenBack')}</span> : <span className="tag tone-accent numbers">{rollout.state === 'Starting' ? t('models.starting') : t('models.comingIn', { share: percent(rollout.percent / 100) })}</span>}
        </span>
      ))}
    </span>
  )
}
