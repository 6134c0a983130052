import type { ABTest, Algorithm, Application, Dataset, Environment, InferenceService, LabelingProject, Notebook, Queue, Sweep, TrainingJob } from './generated'
import type { ControllerRevision, CronJob, KubeEvent, KubeObject, Namespace, Node, Pod } from './meta'

/** Where a kind is found; `T` is what is found there. */
export interface Resource<T extends KubeObject> {
  group: string
  version: string
  plural: string
  kind: string
  namespaced: boolean
  /** Never set: carries the type. */
  readonly object?: T
}

const dais = <T extends KubeObject>(kind: string, plural: string, namespaced = true): Resource<T> => ({
  group: 'dais.io', version: 'v1alpha1', plural, kind, namespaced,
})
const core = <T extends KubeObject>(kind: string, plural: string, namespaced = true): Resource<T> => ({
  group: '', version: 'v1', plural, kind, namespaced,
})
const of = <T extends KubeObject>(group: string, kind: string, plural: string): Resource<T> => ({ group, version: 'v1', plural, kind, namespaced: true })

export const TRAINING_JOBS = dais<TrainingJob>('TrainingJob', 'trainingjobs')
export const SWEEPS = dais<Sweep>('Sweep', 'sweeps')
export const QUEUES = dais<Queue>('Queue', 'queues', false)
export const ALGORITHMS = dais<Algorithm>('Algorithm', 'algorithms')
export const DATASETS = dais<Dataset>('Dataset', 'datasets')
export const ENVIRONMENTS = dais<Environment>('Environment', 'environments')
export const INFERENCE_SERVICES = dais<InferenceService>('InferenceService', 'inferenceservices')
export const LABELING_PROJECTS = dais<LabelingProject>('LabelingProject', 'labelingprojects')
export const NOTEBOOKS = dais<Notebook>('Notebook', 'notebooks')
export const AB_TESTS = dais<ABTest>('ABTest', 'abtests')
export const APPLICATIONS = dais<Application>('Application', 'applications')
export const PODS = core<Pod>('Pod', 'pods')
export const EVENTS = core<KubeEvent>('Event', 'events')
export const CONFIG_MAPS = core('ConfigMap', 'configmaps')
export const CONTROLLER_REVISIONS = of<ControllerRevision>('apps', 'ControllerRevision', 'controllerrevisions')
export const REPLICA_SETS = of('apps', 'ReplicaSet', 'replicasets')
export const CRON_JOBS = of<CronJob>('batch', 'CronJob', 'cronjobs')
export const JOBS = of('batch', 'Job', 'jobs')
export const NAMESPACES = core<Namespace>('Namespace', 'namespaces', false)
export const NODES = core<Node>('Node', 'nodes', false)

/** On a Namespace: the workspace; on pods: application, person and kind. */
export const LABELS = {
  workspace: 'dais.io/workspace',
  app: 'dais.io/app',
  instance: 'app.kubernetes.io/instance',
  /** The kind, in lower case. */
  component: 'app.kubernetes.io/component',
  /** The kind. */
  kind: 'dais.io/kind',
  /** On the pods of a job. */
  rank: 'dais.io/rank',
  attempt: 'dais.io/attempt',
} as const
export const CREATED_BY = 'dais.io/created-by'
/** On a sweep's jobs: number of the trial. */
export const TRIAL = 'dais.io/trial'

export function pathOf<T extends KubeObject>(resource: Resource<T>, namespace?: string, name?: string): string {
  const base = resource.group ? `/k8s/apis/${resource.group}/${resource.version}` : `/k8s/api/${resource.version}`
  const scope = resource.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : ''
  return `${base}${scope}/${resource.plural}${name ? `/${encodeURIComponent(name)}` : ''}`
}
