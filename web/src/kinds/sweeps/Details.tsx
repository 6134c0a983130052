import type { Sweep } from '../../api/generated'
import { SWEEPS } from '../../api/kinds'
import { useOne } from '../../api/useKube'
import { Card } from '../../components/Card'
import { Notice } from '../../components/Notice'
import { PageHead } from '../../components/PageHead'
import { Failure, Loading } from '../../components/States'
import { Tabs } from '../../components/Tabs'
import { Yaml } from '../../components/Yaml'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { between, duration, metric } from '../../i18n/format'
import { Changes } from '../../objects/Changes'
import { Events } from '../../objects/Events'
import { Gone } from '../../objects/Gone'
import { reasonWords } from '../../objects/reasons'
import { useTab } from '../../objects/useTab'
import { JobStatus } from '../jobs/JobStatus'
import { phaseOf, whyOf } from '../jobs/phase'
import { Actions } from './Actions'
import { useExperimentOf } from './compare'
import { Overview } from './Overview'
import { maxTrials, trialsOf } from './series'
import { TrialTable } from './TrialTable'

/** One search: what was tried, what did best, and why. */
export function SweepDetails() {
  const t = useText()
  const project = useProject()
  const { name, tab, open } = useTab('sweeps')
  const { data: sweep, error, missing, isPending, refetch } = useOne(SWEEPS, project, name)
  const experiment = useExperimentOf(sweep, project)
  if (missing) return <Gone name={name} back={at(project, 'sweeps')} label={t('sweeps.all')} />
  if (!sweep) return error && !isPending ? <Failure error={error} retry={refetch} /> : <Loading rows={8} />
  const jobs = trialsOf(sweep).map((trial) => trial.job)
  return (
    <>
      <PageHead title={name} status={<JobStatus job={sweep} tag />} facts={facts(t, sweep)} actions={<Actions sweep={sweep} experiment={experiment} />} />
      <Why sweep={sweep} />
      <Tabs activeKey={tab} onChange={open} destroyOnHidden items={[
        { key: 'overview', label: t('tab.overview'), children: <Overview sweep={sweep} experiment={experiment} /> },
        { key: 'trials', label: t('sweeps.trials'), children: <Card><TrialTable sweep={sweep} experiment={experiment} /></Card> },
        { key: 'events', label: t('tab.events'), children: <Card><Events project={project} name={name} pods={jobs} /></Card> },
        { key: 'changes', label: t('tab.changes'), children: <Card><Changes project={project} resource="sweeps" name={name} /></Card> },
        { key: 'yaml', label: t('tab.yaml'), children: <Yaml of={sweep} /> },
      ]} />
    </>
  )
}

function facts(t: ReturnType<typeof useText>, sweep: Sweep) {
  const { finished = 0, best, startTime, completionTime } = sweep.status ?? {}
  const took = between(startTime, completionTime)
  return [
    t('sweeps.ended', { finished, of: maxTrials(sweep) }),
    best?.value !== undefined && t('sweeps.bestIs', { metric: sweep.spec.objective.metric, value: metric(best.value) }),
    took !== undefined && (completionTime ? t('jobs.tookTime', { time: duration(took) }) : phaseOf(sweep) === 'Running' && t('jobs.runningFor', { time: duration(took) })),
  ]
}

/** Why it does not run, or why it has ended. */
function Why({ sweep }: { sweep: Sweep }) {
  const t = useText()
  const phase = phaseOf(sweep)
  const cause = whyOf(sweep)
  if (!cause || (phase === 'Running' && cause.status === 'True')) return null
  const tone = phase === 'Failed' ? 'error' : phase === 'Succeeded' ? 'success' : phase === 'Suspended' ? 'warning' : 'muted'
  return <div className="gap-below"><Notice tone={tone} title={reasonWords(t, cause.reason)}>{cause.message}</Notice></div>
}
