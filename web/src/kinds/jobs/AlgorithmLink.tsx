import { Link } from 'react-router'
import type { TrainingJob } from '../../api/generated'
import type { Step } from '../../components/Lineage'
import { at } from '../../frame/useProject'

type Runs = Pick<TrainingJob, 'spec'> & { status?: Pick<NonNullable<TrainingJob['status']>, 'algorithm'> | null | undefined }

/** `name@v2` of what a job runs; another project's has no page here. */
export function algorithmStep({ spec, status }: Runs, project: string): Step | undefined {
  if (!spec.algorithm) return undefined
  const { name } = spec.algorithm
  const version = status?.algorithm?.version || spec.algorithm.version
  return { label: version ? `${name}@${version}` : name, ...(!name.includes('/') && { to: at(project, 'algorithms', name) }) }
}

export function AlgorithmLink({ job, project }: { job: Runs; project: string }) {
  const step = algorithmStep(job, project)
  if (!step) return null
  return step.to ? <Link to={step.to}>{step.label}</Link> : <span>{step.label}</span>
}
