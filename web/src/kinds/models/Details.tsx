import { useParams } from 'react-router'
import { useCan } from '../../api/access'
import { useApprovals } from '../../api/approvals'
import { INFERENCE_SERVICES, TRAINING_JOBS } from '../../api/kinds'
import { useModels, useVersions } from '../../api/mlflow'
import { isAbsent } from '../../api/optional'
import { useList } from '../../api/useKube'
import { useAddress } from '../../components/address'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { Facts } from '../../components/Facts'
import { Lineage, type Step } from '../../components/Lineage'
import { PageHead } from '../../components/PageHead'
import { Failure, Loading } from '../../components/States'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { dateTime } from '../../i18n/format'
import { Gone } from '../../objects/Gone'
import { rolloutsOf } from '../services/rollout'
import { ApprovalHistory } from './ApprovalHistory'
import { MoveButton } from './MoveAlias'
import { OpenRequests } from './OpenRequests'
import { VersionTable } from './VersionTable'

/** A model's versions, where each came from and where it went. */
export function ModelDetails() {
  const t = useText()
  const project = useProject()
  const { name = '' } = useParams()
  const models = useModels(project)
  const listed = useVersions(project, name)
  const approvals = useApprovals(project, { name })
  const [chosen, choose] = useAddress('version')
  const mayEdit = useCan('create', INFERENCE_SERVICES, project)
  const jobs = useList(TRAINING_JOBS, { namespace: project, live: 10_000 })
  const services = useList(INFERENCE_SERVICES, { namespace: project, live: 10_000 })
  const model = models.data?.find((one) => one.name === name)
  if (models.data && !model) return <Gone name={name} back={at(project, 'models')} label={t('nav.models')} />
  if (!model || !listed.data) {
    const error = models.error ?? listed.error
    return error ? <Failure error={error} retry={() => { void models.refetch(); void listed.refetch() }} /> : <Loading rows={8} />
  }
  const versions = listed.data.toSorted((a, b) => Number(b.version) - Number(a.version))
  const version = versions.find((one) => one.version === chosen) ?? versions[0]
  const job = jobs.data?.find((one) => version?.run_id && one.status?.runId === version.run_id)
  const serving = services.data?.filter((one) => one.status?.modelName === name && one.status.modelVersion === version?.version) ?? []
  const coming = version ? rolloutsOf(services.data ?? [], { name, version: version.version }).filter(({ service, rollout }) => rollout.state !== 'RolledBack' && !serving.includes(service)).map(({ service }) => service) : []
  const reached = [...serving, ...coming]
  const data: Step[] = job?.status?.datasets?.map((one) => ({ label: `${one.name} @ ${one.version}`, to: at(project, 'datasets', one.name) })) ?? []
  const made: Step[] = job ? [{ label: job.metadata.name, to: at(project, 'jobs', job.metadata.name) }] : [{ label: t('models.noJob'), none: true }]
  const served: Step[] = reached.length ? reached.map(({ metadata }) => ({ label: metadata.name, to: at(project, 'services', metadata.name) })) : [{ label: t('lineage.notServed'), none: true }]
  // Where nothing is protected and nothing was ever asked, there is nothing to tell.
  const withHistory = !isAbsent(approvals.error) && (!approvals.data || approvals.data.protected_aliases.length > 0 || approvals.data.model_approvals.length > 0)
  return (
    <>
      <PageHead title={name} facts={[t('models.versionCount', { count: versions.length }), model.description]}
        actions={mayEdit && version && <MoveButton project={project} model={model} versions={versions} approvals={approvals.data} version={version.version} />} />
      <OpenRequests project={project} name={name} approvals={approvals.data} />
      {version && <Lineage steps={[data, made, [{ label: `models:/${name}/${version.version}`, here: true }], served]} />}
      <div className="grid">
        <Card className="span-8" title={t('models.versions')}>
          <VersionTable project={project} model={model} versions={versions} approvals={approvals.data} jobs={jobs.data ?? []} services={services.data ?? []} chosen={version?.version} choose={choose} />
        </Card>
        <Card className="span-4" title={version ? t('models.version', { version: version.version }) : t('jobs.about')}>
          <Facts of={[
            [t('field.status'), version && (version.status === 'READY' ? t('ready.yes') : (version.status_message ?? version.status))],
            [t('field.description'), version?.description],
            [t('models.source'), version?.source && <span key="source" className="mono">{version.source}</span>],
            [t('jobs.run'), version?.run_id && <span key="run" className="mono">{version.run_id.slice(0, 12)}</span>],
            [t('field.createdBy'), version?.user_id],
            [t('field.created'), version && dateTime(Number(version.creation_timestamp))],
            [t('models.registered'), <Ago key="registered" time={Number(model.creation_timestamp) || undefined} />],
            ...(version?.tags ?? []).map(({ key, value }): [string, string] => [key, value]),
          ]} />
        </Card>
        {withHistory && (
          <Card className="span-12" title={t('approvals.history')}>
            <ApprovalHistory approvals={approvals.data} error={approvals.error} retry={approvals.refetch} />
          </Card>
        )}
      </div>
    </>
  )
}
