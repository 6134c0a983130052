import { Link } from 'react-router'
import { INFERENCE_SERVICES, TRAINING_JOBS } from '../../api/kinds'
import type { TrainingJob } from '../../api/generated'
import { useList, useOne } from '../../api/useKube'
import { Card } from '../../components/Card'
import { Lineage, type Step } from '../../components/Lineage'
import { Notice } from '../../components/Notice'
import { PageHead } from '../../components/PageHead'
import { Failure, Loading } from '../../components/States'
import { Tabs } from '../../components/Tabs'
import { Yaml } from '../../components/Yaml'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { between, duration } from '../../i18n/format'
import { Changes } from '../../objects/Changes'
import { Events } from '../../objects/Events'
import { Gone } from '../../objects/Gone'
import { ObjectLogs } from '../../objects/ObjectLogs'
import { usePods } from '../../objects/pods'
import { reasonWords } from '../../objects/reasons'
import { Shell } from '../../objects/terminal/Shell'
import { useTab } from '../../objects/useTab'
import { useMade } from '../datasets/origin'
import { Actions } from './Actions'
import { algorithmStep } from './AlgorithmLink'
import { JobMetrics } from './JobMetrics'
import { JobStatus } from './JobStatus'
import { Overview } from './Overview'
import { InLine } from './InLine'
import { appOf, phaseOf, sweepOf, whyOf } from './phase'

export function JobDetails() {
  const t = useText()
  const project = useProject()
  const { name, tab, open } = useTab('jobs')
  const { data: job, error, missing, isPending, refetch } = useOne(TRAINING_JOBS, project, name)
  const pods = usePods(project, TRAINING_JOBS.kind, name)
  if (missing) return <Gone name={name} back={at(project, 'jobs')} label={t('running.all')} />
  if (!job) return error && !isPending ? <Failure error={error} retry={refetch} /> : <Loading rows={8} />
  const podNames = [...new Set([...(job.status?.podName ? [job.status.podName] : []), ...(pods.data ?? []).map((pod) => pod.metadata.name)])]
  const running = phaseOf(job) === 'Running'
  const logs = (brief: boolean) => <ObjectLogs project={project} app={appOf(job)} pods={podNames} from={job.metadata.creationTimestamp} running={running} brief={brief} />
  return (
    <>
      <PageHead title={name} status={<JobStatus job={job} tag />} facts={facts(t, job, project)} actions={<Actions job={job} />} />
      <Ancestry job={job} project={project} />
      <Why job={job} project={project} />
      {job.status?.algorithm?.deprecated && <div style={{ marginBottom: 12 }}><Notice tone="warning" title={t('algorithms.isDeprecated', { version: `${job.status.algorithm.name}@${job.status.algorithm.version}` })}>{job.status.algorithm.deprecated}</Notice></div>}
      <Tabs activeKey={tab} onChange={open} destroyOnHidden items={[
        { key: 'overview', label: t('tab.overview'), children: <Overview job={job} pods={pods} podNames={podNames} logs={logs(true)} /> },
        { key: 'metrics', label: t('tab.metrics'), children: <JobMetrics job={job} podNames={podNames} /> },
        { key: 'logs', label: t('tab.logs'), children: <Card>{logs(false)}</Card> },
        { key: 'terminal', label: t('tab.terminal'), children: <Card><Shell project={project} pods={pods.data ?? []} /></Card> },
        { key: 'events', label: t('tab.events'), children: <Card><Events project={project} name={name} pods={podNames} /></Card> },
        { key: 'changes', label: t('tab.changes'), children: <Card><Changes project={project} resource="trainingjobs" name={name} /></Card> },
        { key: 'yaml', label: t('tab.yaml'), children: <Yaml of={job} /> },
      ]} />
    </>
  )
}

function facts(t: ReturnType<typeof useText>, job: TrainingJob, project: string) {
  const attempts = job.status?.attempts ?? 0
  const took = between(job.status?.startTime, job.status?.completionTime)
  const replicas = job.spec.replicas ?? 1
  const sweep = sweepOf(job)
  return [
    sweep && <Link key="sweep" to={at(project, 'sweeps', sweep.name)}>{t('jobs.trialOf', { trial: sweep.trial ?? '', sweep: sweep.name })}</Link>,
    replicas > 1 && phaseOf(job) !== 'Succeeded' && t('jobs.someRun', { running: job.status?.runningReplicas ?? 0, replicas }),
    took !== undefined && (job.status?.completionTime ? t('jobs.tookTime', { time: duration(took) }) : phaseOf(job) === 'Running' && t('jobs.runningFor', { time: duration(took) })),
    attempts > 1 && t('jobs.attempt', { attempt: attempts, of: (job.spec.retries ?? 0) + 1 }),
    job.status?.exitCode !== undefined && t('jobs.exit', { code: job.status.exitCode }),
  ].filter((fact) => fact !== false && fact !== undefined)
}

/** Somebody has to do something, or it will wait for ever. */
const STUCK = new Set(['Unschedulable', 'QueueNotFound', 'QuotaTooSmall', 'Held'])

/** Why it is not well, in words, above everything else; in a queue, its place. */
function Why({ job, project }: { job: TrainingJob; project: string }) {
  const t = useText()
  const phase = phaseOf(job)
  const cause = whyOf(job)
  if (!cause || phase === 'Succeeded' || phase === 'Running') return null
  const stuck = STUCK.has(cause.reason ?? '')
  const tone = phase === 'Failed' ? 'error' : phase === 'Suspended' || stuck ? 'warning' : phase === 'Stopped' ? 'muted' : 'accent'
  const notice = <Notice tone={tone} title={reasonWords(t, cause.reason)}>{cause.message}</Notice>
  const waits = phase === 'Pending' && job.spec.queue !== undefined && job.status?.admission?.admitted !== true
  return <div style={{ marginBottom: 12 }}>{waits ? <InLine project={project} name={job.metadata.name} stuck={stuck} otherwise={notice} why={reasonWords(t, cause.reason)} /> : notice}</div>
}

/** dataset → job → dataset, or model → service. */
function Ancestry({ job, project }: { job: TrainingJob; project: string }) {
  const t = useText()
  const services = useList(INFERENCE_SERVICES, { namespace: project, live: 10_000 })
  const read: Step[] = (job.status?.datasets ?? job.spec.datasets ?? []).map(({ name, version }) => ({
    label: version ? `${name} @ ${version}` : name, to: at(project, 'datasets', name),
  }))
  const made = job.status?.models ?? []
  const models: Step[] = made.map(({ name, version }) => ({ label: `models:/${name}/${version}`, to: at(project, 'models', name) }))
  const data = useMade(project, TRAINING_JOBS.kind, job.metadata.name)
  const algorithm = algorithmStep(job, project)
  const before: Step[][] = [algorithm ? [...read, algorithm] : read, [{ label: job.metadata.name, here: true }]]
  if (data.length > 0 && models.length === 0 && !job.spec.model) return <Lineage steps={[...before, data]} />
  if (models.length === 0) models.push({ label: job.spec.model ? t('lineage.noVersion', { model: job.spec.model }) : t('lineage.noModel'), none: true })
  const serving = services.data?.filter((one) => made.some(({ name, version }) => one.status?.modelName === name && one.status.modelVersion === version)) ?? []
  const served: Step[] = serving.map(({ metadata }) => ({ label: metadata.name, to: at(project, 'services', metadata.name) }))
  if (served.length === 0) served.push({ label: t('lineage.notServed'), none: true })
  return <Lineage steps={[...before, [...data, ...models], served]} />
}
