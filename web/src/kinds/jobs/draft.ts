import type { TrainingJob } from '../../api/generated'
import { fieldsOf, parametersOf } from '../algorithms/schema'
import { words } from './command'

/** What the form holds. */
export interface Draft {
  name: string
  program: 'command' | 'script' | 'algorithm'
  algorithmName?: string
  algorithmVersion?: string
  /** Parameters of the algorithm, as its schema types them. */
  arguments?: Record<string, unknown>
  /** A dataset for each input of the algorithm. */
  inputs?: Record<string, string | undefined>
  command?: string
  script?: string
  environment?: string
  datasets?: string[]
  parameters?: { key?: string; value?: string }[]
  application?: string
  experiment?: string
  model?: string
  cpu?: string
  memory?: string
  accelerators?: number | null
  replicas?: number | null
  processes?: number | null
  queue?: string
  priority?: number | null
  checkpoints?: boolean
  checkpointSize?: string
  retries?: number | null
  deadline?: number | null
}

export const ACCELERATOR = 'nvidia.com/gpu'

const inputOf = (reference: string, input?: string) => {
  const [name = '', version] = reference.split('@')
  return { name, ...(version && { version }), ...(input && { input }) }
}

/** What runs: a command, or an algorithm with its parameters and inputs. */
function programOf(draft: Draft, schema: unknown): Pick<TrainingJob['spec'], 'command' | 'algorithm' | 'parameters' | 'datasets'> {
  const datasets = (draft.datasets ?? []).map((reference) => inputOf(reference))
  if (draft.program === 'algorithm') {
    const parameters = parametersOf(draft.arguments ?? {}, fieldsOf(schema, 'en').fields)
    const inputs = Object.entries(draft.inputs ?? {}).flatMap(([input, reference]) => (reference ? [inputOf(reference, input)] : []))
    return {
      algorithm: { name: draft.algorithmName ?? '', ...(draft.algorithmVersion && { version: draft.algorithmVersion }) },
      ...(inputs.length > 0 && { datasets: inputs }), ...(Object.keys(parameters).length > 0 && { parameters }),
    }
  }
  const parameters = Object.fromEntries((draft.parameters ?? []).flatMap(({ key, value = '' }) => (key ? [[key, value]] : [])))
  return {
    command: draft.program === 'script' ? ['python', '-c', draft.script ?? ''] : words(draft.command ?? ''),
    ...(datasets.length > 0 && { datasets }), ...(Object.keys(parameters).length > 0 && { parameters }),
  }
}

/** The object that a draft stands for; fields left empty are left out. `schema` is that of the algorithm's parameters. */
export function jobOf(draft: Draft, project: string, schema?: unknown): TrainingJob {
  const limits: Record<string, string> = {
    ...(draft.cpu && { cpu: draft.cpu }),
    ...(draft.memory && { memory: draft.memory }),
    ...(draft.accelerators && { [ACCELERATOR]: String(draft.accelerators) }),
  }
  return {
    apiVersion: 'dais.io/v1alpha1',
    kind: 'TrainingJob',
    metadata: { name: draft.name, namespace: project },
    spec: {
      ...programOf(draft, schema),
      ...(draft.environment && { environment: draft.environment }),
      ...(draft.application && { application: draft.application }),
      ...(draft.experiment && { experiment: draft.experiment }),
      ...(draft.model && { model: draft.model }),
      ...(Object.keys(limits).length && { resources: { limits, requests: limits } }),
      ...(draft.replicas && draft.replicas > 1 && { replicas: draft.replicas }),
      ...(draft.processes && draft.processes > 1 && { processesPerReplica: draft.processes }),
      ...(draft.queue && { queue: draft.queue }),
      ...(draft.priority && { priority: draft.priority }),
      ...(draft.checkpoints && { checkpoints: draft.checkpointSize ? { size: draft.checkpointSize } : {} }),
      ...(draft.retries && { retries: draft.retries }),
      ...(draft.deadline && { activeDeadlineSeconds: draft.deadline }),
    },
  }
}

/** Where a field of the specification stands in the form. */
const PLACES: [RegExp, keyof Draft][] = [
  [/^metadata\.name/, 'name'],
  [/^spec\.(command|args)/, 'command'],
  [/^spec\.algorithm\.version/, 'algorithmVersion'],
  [/^spec\.algorithm/, 'algorithmName'],
  [/^spec\.environment/, 'environment'],
  [/^spec\.datasets/, 'datasets'],
  [/^spec\.application/, 'application'],
  [/^spec\.experiment/, 'experiment'],
  [/^spec\.model/, 'model'],
  [/^spec\.replicas/, 'replicas'],
  [/^spec\.processesPerReplica/, 'processes'],
  [/^spec\.queue/, 'queue'],
  [/^spec\.priority/, 'priority'],
  [/^spec\.checkpoints\.size/, 'checkpointSize'],
  [/^spec\.checkpoints/, 'checkpoints'],
  [/^spec\.resources.*cpu/, 'cpu'],
  [/^spec\.resources.*memory/, 'memory'],
  [/^spec\.resources/, 'accelerators'],
  [/^spec\.retries/, 'retries'],
  [/^spec\.activeDeadlineSeconds/, 'deadline'],
]

export function placeOf(field: string | undefined): keyof Draft | undefined {
  return PLACES.find(([pattern]) => pattern.test(field ?? ''))?.[1]
}
