import { Button } from 'antd'
import { Link, useNavigate } from 'react-router'
import { useCan } from '../../api/access'
import type { InferenceService } from '../../api/generated'
import { AB_TESTS, INFERENCE_SERVICES, TRAINING_JOBS } from '../../api/kinds'
import { remove } from '../../api/kube'
import { useList, useOne } from '../../api/useKube'
import { Card } from '../../components/Card'
import { Danger } from '../../components/Danger'
import { Lineage, type Step } from '../../components/Lineage'
import { Notice } from '../../components/Notice'
import { PageHead } from '../../components/PageHead'
import { Failure, Loading } from '../../components/States'
import { Status } from '../../components/Status'
import { Tabs } from '../../components/Tabs'
import type { Tone } from '../../components/tone'
import { Yaml } from '../../components/Yaml'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { Changes } from '../../objects/Changes'
import { Consequences } from '../../objects/Consequences'
import { Events } from '../../objects/Events'
import { Gone } from '../../objects/Gone'
import { ObjectLogs } from '../../objects/ObjectLogs'
import { readiness } from '../../objects/readiness'
import { reasonWords } from '../../objects/reasons'
import { Shell } from '../../objects/terminal/Shell'
import { useTab } from '../../objects/useTab'
import { testsOf } from '../abtests/arms'
import { EditService } from './Edit'
import { speaksV2 } from './endpoint'
import { Overview } from './Overview'
import { useReplicas } from './pods'
import { stableOf, underWay, versionOf } from './rollout'
import { scaleOf, scaleWords } from './scale'
import { TakenBack } from './TakenBack'
import { modelLabel, servedLabel, serviceApp } from './traffic'
import { TryIt } from './TryIt'
import { rolloutMark } from './words'

/** What the tag in the head says enough about. */
const QUIET = new Set<Tone>(['success', 'muted'])

export function ServiceDetails() {
  const t = useText()
  const project = useProject()
  const navigate = useNavigate()
  const { name, tab, open } = useTab('services')
  const { data: service, error, missing, refetch } = useOne(INFERENCE_SERVICES, project, name)
  const pods = useReplicas(project, service)
  const mayDelete = useCan('delete', INFERENCE_SERVICES, project)
  const mayPatch = useCan('patch', INFERENCE_SERVICES, project)
  if (missing) return <Gone name={name} back={at(project, 'services')} label={t('nav.services')} />
  if (!service) return error ? <Failure error={error} retry={refetch} /> : <Loading rows={8} />
  const podNames = (pods.data ?? []).map((pod) => pod.metadata.name)
  const state = readiness(service.status?.conditions)
  const app = serviceApp(service)
  const coming = underWay(service)
  const { rollout } = service.status ?? {}
  const canTry = speaksV2(service)
  return (
    <>
      <PageHead title={name} status={<Status tag tone={state.tone} label={t(state.word)} />}
        facts={[modelLabel(service), coming && rolloutMark(t, coming), scaleWords(t, service)]}
        actions={<>
          <Link to={`${at(project, 'logs')}?app=${encodeURIComponent(app)}`}><Button>{t('action.logs')}</Button></Link>
          {mayPatch && <EditService service={service} project={project} />}
          {mayDelete && (
            <Danger label={t('action.delete')} question={t('services.deleteAsk', { name })} consequence={<Consequences kind="InferenceService" />}
              act={async () => { await remove(INFERENCE_SERVICES, project, name); void navigate(at(project, 'services')) }} />
          )}
          {canTry && <Button type="primary" onClick={() => open('try')}>{t('services.try')}</Button>}
        </>} />
      <Ancestry service={service} project={project} />
      {rollout?.state === 'RolledBack' && <div className="notices"><TakenBack service={service} project={project} rollout={rollout} mayPatch={mayPatch === true} /></div>}
      {!QUIET.has(state.tone) && state.reason !== 'RolledBack' && <div className="notices"><Notice tone={state.tone} title={reasonWords(t, state.reason)}>{state.message}</Notice></div>}
      <Tabs activeKey={tab} onChange={open} destroyOnHidden items={[
        { key: 'overview', label: t('tab.overview'), children: <Overview service={service} pods={pods} project={project} /> },
        ...(canTry ? [{ key: 'try', label: t('services.try'), children: <TryIt service={service} project={project} /> }] : []),
        { key: 'logs', label: t('tab.logs'), children: <Card><ObjectLogs project={project} app={app} pods={podNames} from={service.metadata.creationTimestamp} running noPod={scaleOf(service).asleep ? t('services.asleepLogs') : undefined} /></Card> },
        { key: 'terminal', label: t('tab.terminal'), children: <Card><Shell project={project} pods={pods.data ?? []} /></Card> },
        { key: 'events', label: t('tab.events'), children: <Card><Events project={project} name={name} pods={podNames} /></Card> },
        { key: 'changes', label: t('tab.changes'), children: <Card><Changes project={project} resource="inferenceservices" name={name} /></Card> },
        { key: 'yaml', label: t('tab.yaml'), children: <Yaml of={service} /> },
      ]} />
    </>
  )
}

function Ancestry({ service, project }: { service: InferenceService; project: string }) {
  const jobs = useList(TRAINING_JOBS, { namespace: project, live: 10_000 })
  const tests = useList(AB_TESTS, { namespace: project, live: 10_000 })
  const job = jobs.data?.find((one) => service.status?.runId && one.status?.runId === service.status.runId)
  const data: Step[] = job?.status?.datasets?.map(({ name, version }) => ({ label: `${name} @ ${version}`, to: at(project, 'datasets', name) })) ?? []
  const made: Step[] = job ? [{ label: job.metadata.name, to: at(project, 'jobs', job.metadata.name) }] : []
  const coming = underWay(service)
  const versions = [stableOf(service), coming && versionOf(coming.version)].flatMap((one) => one ?? [])
  const models: Step[] = [...new Map(versions.map((one) => [`models:/${one.name}/${one.version}`, one]))].map(([label, { name }]) => ({ label, to: at(project, 'models', name) }))
  const unknown: Step[] = service.spec.model && models.length === 0 ? [{ label: service.spec.model, none: true }] : []
  const program: Step[] = service.spec.server ? [{ label: servedLabel({ ...service, spec: { server: service.spec.server } }) }] : []
  const compared: Step[] = testsOf(tests.data ?? [], service.metadata.name).map(({ metadata }) => ({ label: metadata.name, to: at(project, 'abtests', metadata.name) }))
  return <Lineage steps={[data, made, [...models, ...unknown, ...program], [{ label: service.metadata.name, here: true }], compared]} />
}
