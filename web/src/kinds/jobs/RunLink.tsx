import { Link } from 'react-router'
import type { TrainingJob } from '../../api/generated'
import { at } from '../../frame/useProject'

/** The run that a job logs to, once it has begun. */
export function RunLink({ job, project }: { job: TrainingJob; project: string }) {
  const { experimentId, runId } = job.status ?? {}
  if (!experimentId || !runId) return null
  return <Link to={at(project, 'experiments', experimentId, 'runs', runId)} className="mono">{runId.slice(0, 8)}</Link>
}
