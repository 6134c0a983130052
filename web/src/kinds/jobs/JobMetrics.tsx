import type { TrainingJob } from '../../api/generated'
import { useRun } from '../../api/mlflow'
import { useProject } from '../../frame/useProject'
import { MetricCurves } from '../../objects/MetricCurves'
import { Usage } from '../../objects/Usage'
import { isOver } from './phase'
import { useLife } from './useLife'

export function JobMetrics({ job, podNames }: { job: TrainingJob; podNames: string[] }) {
  const project = useProject()
  const run = useRun(project, job.status?.runId, !isOver(job))
  return (
    <div className="grid">
      <MetricCurves project={project} run={run} live={!isOver(job)} />
      <Usage project={project} pods={podNames} resources={job.spec.resources} {...useLife(job)} />
    </div>
  )
}
