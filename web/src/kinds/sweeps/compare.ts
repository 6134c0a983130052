import type { Sweep } from '../../api/generated'
import { useExperiments } from '../../api/mlflow'
import { at } from '../../frame/useProject'
import type { Trial } from './series'

/** So many runs stand side by side: more columns than this nobody reads. */
export const COMPARED = 6

/** The experiment that a sweep's runs belong to; undefined until the first one began. */
export function useExperimentOf(sweep: Sweep | undefined, project: string): string | undefined {
  const experiments = useExperiments(project)
  const name = sweep && experimentName(sweep)
  return experiments.data?.find((one) => one.name === name)?.experiment_id
}

/** Where the job names none, the sweep's own name. */
export const experimentName = (sweep: Sweep): string => sweep.spec.job.experiment ?? sweep.metadata.name

/** Address of the runs of `trials` side by side; undefined for less than two. */
export function compareAt(project: string, experiment: string | undefined, trials: Trial[]): string | undefined {
  const runs = trials.flatMap(({ runId }) => (runId ? [runId] : []))
  return experiment && runs.length > 1 ? `${at(project, 'experiments', experiment, 'compare')}?runs=${runs.join(',')}` : undefined
}
