import type { ReactNode } from 'react'
import { Link } from 'react-router'
import type { TrainingJob } from '../../api/generated'
import { CREATED_BY } from '../../api/kinds'
import type { Pod } from '../../api/meta'
import { useRun } from '../../api/mlflow'
import type { Listed } from '../../api/useKube'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { Facts } from '../../components/Facts'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { metric, number } from '../../i18n/format'
import { MetricCurves } from '../../objects/MetricCurves'
import { PodTable } from '../../objects/PodTable'
import { Usage } from '../../objects/Usage'
import { queueAt } from '../queues/words'
import { isOver, sweepOf } from './phase'
import { AlgorithmLink } from './AlgorithmLink'
import { Replicas } from './Replicas'
import { RunLink } from './RunLink'
import { lifeOf, useLife } from './useLife'

interface Props {
  job: TrainingJob
  pods: Listed<Pod>
  podNames: string[]
  logs: ReactNode
}

const CURVES = 2

export function Overview({ job, pods, podNames, logs }: Props) {
  const t = useText()
  const project = useProject()
  const life = useLife(job)
  const run = useRun(project, job.status?.runId, !isOver(job))
  return (
    <div className="grid">
      <MetricCurves project={project} run={run} live={!isOver(job)} most={CURVES} />
      <Usage project={project} pods={podNames} resources={job.spec.resources} {...life} />
      <Card className="span-8" title={t('tab.logs')}>{logs}</Card>
      <Card className="span-4" title={t('jobs.parameters')}>
        <Parameters job={job} logged={run.data?.data.params ?? []} />
        {(run.data?.data.metrics?.length ?? 0) > 0 && (
          <>
            <h2 style={{ fontSize: 14, margin: '14px 0 4px' }}>{t('jobs.results')}</h2>
            <Facts right of={(run.data?.data.metrics ?? []).slice(0, 6).map((one) => [one.key, metric(one.value)])} />
          </>
        )}
      </Card>
      {(job.spec.replicas ?? 1) > 1 ? <Replicas job={job} pods={pods} /> : <Card className="span-8" title={t('jobs.pods')}><PodTable pods={pods} /></Card>}
      <Card className="span-4" title={t('jobs.about')}><About job={job} project={project} /></Card>
    </div>
  )
}

/** What was asked for, then what the program itself logged. */
function Parameters({ job, logged }: { job: TrainingJob; logged: { key: string; value: string }[] }) {
  const t = useText()
  const all = new Map([...Object.entries(job.status?.algorithm?.parameters ?? job.spec.parameters ?? {}), ...logged.map(({ key, value }): [string, string] => [key, value])])
  if (all.size === 0) return <p className="muted">{t('jobs.noParameters')}</p>
  return <Facts right of={[...all].map(([key, value]) => [key, <span key={key} className="mono">{value}</span>])} />
}

function About({ job, project }: { job: TrainingJob; project: string }) {
  const t = useText()
  const { spec, status } = job
  const sweep = sweepOf(job)
  return (
    <Facts of={[
      [t('algorithms.one'), spec.algorithm && <AlgorithmLink key="algorithm" job={job} project={project} />],
      [t('jobs.command'), spec.command && <span key="command" className="mono">{[...spec.command, ...(spec.args ?? [])].join(' ').slice(0, 300)}</span>],
      [t('jobs.environment'), spec.environment ? <Link key="environment" to={at(project, 'environments', spec.environment)}>{spec.environment}</Link> : t(spec.algorithm ? 'algorithms.ownEnvironment' : 'jobs.hostEnvironment')],
      [t('sweeps.one'), sweep && <Link key="sweep" to={at(project, 'sweeps', sweep.name)}>{sweep.name}</Link>],
      [t('jobs.queue'), spec.queue && <Link key="queue" to={queueAt(spec.queue)}>{spec.queue}</Link>],
      [t('jobs.priority'), spec.queue ? number(spec.priority ?? 0, 0) : ''],
      [t('jobs.replicas'), (spec.replicas ?? 1) > 1 ? number(spec.replicas, 0) : ''],
      [t('jobs.processes'), (spec.processesPerReplica ?? 1) > 1 ? number(spec.processesPerReplica, 0) : ''],
      [t('jobs.checkpoints'), spec.checkpoints && <span key="checkpoints" className="mono">{spec.checkpoints.mountPath ?? '/checkpoints'}</span>],
      [t('jobs.interruptions'), status?.interruptions ? number(status.interruptions, 0) : ''],
      [t('field.application'), spec.application],
      [t('jobs.experiment'), spec.experiment],
      [t('jobs.run'), status?.runId && <RunLink key="run" job={job} project={project} />],
      [t('jobs.retries'), spec.retries ? String(spec.retries) : ''],
      [t('field.createdBy'), job.metadata.annotations?.[CREATED_BY]],
      [t('field.created'), <Ago key="created" time={job.metadata.creationTimestamp} />],
      [t('jobs.ended'), lifeOf(job).end ? <Ago key="ended" time={status?.completionTime} /> : ''],
    ]} />
  )
}
