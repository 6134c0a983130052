import type { Sweep, SweepSpec } from '../../api/generated'
import { textOf, type Field } from '../algorithms/schema'
import { jobOf, placeOf as placeInJob, type Draft } from '../jobs/draft'
import { nextName } from '../jobs/phase'

type Parameter = SweepSpec['parameters'][number]

export interface ParameterDraft {
  name?: string
  type?: Parameter['type']
  min?: number | null
  max?: number | null
  step?: number | null
  scale?: NonNullable<Parameter['scale']>
  values?: string[]
}

/** What the form holds: the search, and the job that is tried. */
export interface SweepDraft extends Draft {
  searched?: ParameterDraft[]
  metric?: string
  goal?: 'maximize' | 'minimize'
  target?: number | null
  algorithm?: 'grid' | 'random' | 'tpe'
  seed?: number | null
  startup?: number | null
  stopping?: 'none' | 'median' | 'halving'
  minSteps?: number | null
  minTrials?: number | null
  factor?: number | null
  maxSteps?: number | null
  maxTrials?: number | null
  parallelTrials?: number | null
  maxFailedTrials?: number | null
}

export const BLANK: SweepDraft = {
  name: '', program: 'command', parameters: [],
  searched: [{ type: 'double', scale: 'linear' }], goal: 'maximize', algorithm: 'tpe', stopping: 'none', maxTrials: 20, parallelTrials: 2,
}

/** Fields left empty are left out: the platform has its own defaults. */
const given = <T extends object>(fields: T) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null && value !== '')) as { [K in keyof T]?: NonNullable<T[K]> }

function parameterOf({ name = '', type = 'double', min, max, step, scale, values }: ParameterDraft): Parameter {
  if (type === 'categorical') return { name, type, values: values ?? [] }
  return { name, type, ...given({ min, max, step }), ...(scale === 'log' && { scale }) }
}

function stoppingOf({ stopping, minSteps, minTrials, factor, maxSteps }: SweepDraft): Pick<SweepSpec, 'earlyStopping'> {
  if (stopping === 'median') return { earlyStopping: { name: stopping, ...given({ minSteps, minTrials }) } }
  if (stopping === 'halving') return { earlyStopping: { name: stopping, ...given({ minSteps, factor, maxSteps }) } }
  return {}
}

/** What is searched is no constant of the job. */
function searchedLeftOut(job: SweepSpec['job'], searched: ParameterDraft[]): SweepSpec['job'] {
  if (!job.algorithm || !job.parameters) return job
  const names = new Set(searched.map(({ name }) => name))
  const { parameters, ...rest } = job
  const kept = Object.fromEntries(Object.entries(parameters).filter(([name]) => !names.has(name)))
  return { ...rest, ...(Object.keys(kept).length > 0 && { parameters: kept }) }
}

/** A parameter of an algorithm as the search offers it. */
export function offered(field: Field): ParameterDraft {
  if (field.kind === 'choice') return { name: field.name, type: 'categorical', values: (field.choices ?? []).map(textOf) }
  if (field.kind === 'boolean') return { name: field.name, type: 'categorical', values: ['true', 'false'] }
  if (field.kind !== 'number' && field.kind !== 'integer') return { name: field.name, type: 'categorical', values: [] }
  const { min = field.above, max = field.under } = field
  return { name: field.name, type: field.kind === 'integer' ? 'int' : 'double', scale: 'linear', ...(min !== undefined && { min }), ...(max !== undefined && { max }) }
}

/** The object that a draft stands for. */
export function sweepOf(draft: SweepDraft, project: string, schema?: unknown): Sweep {
  const { searched = [], metric = '', goal, target, algorithm, seed, startup, maxTrials, parallelTrials, maxFailedTrials } = draft
  return {
    apiVersion: 'dais.io/v1alpha1',
    kind: 'Sweep',
    metadata: { name: draft.name, namespace: project },
    spec: {
      parameters: searched.filter(({ name }) => name).map(parameterOf),
      objective: { metric, ...given({ goal, target }) },
      algorithm: given({ name: algorithm, seed, ...(algorithm === 'tpe' && { startupTrials: startup }) }),
      ...stoppingOf(draft),
      ...given({ maxTrials, parallelTrials, maxFailedTrials }),
      job: searchedLeftOut(jobOf(draft, project, schema).spec, searched),
    },
  }
}

type Place = keyof SweepDraft | ['searched', number, string]

const PLACES: [RegExp, keyof SweepDraft][] = [
  [/^spec\.objective\.metric/, 'metric'],
  [/^spec\.objective\.goal/, 'goal'],
  [/^spec\.objective\.target/, 'target'],
  [/^spec\.algorithm\.seed/, 'seed'],
  [/^spec\.algorithm\.startupTrials/, 'startup'],
  [/^spec\.algorithm/, 'algorithm'],
  [/^spec\.earlyStopping/, 'stopping'],
  [/^spec\.maxTrials/, 'maxTrials'],
  [/^spec\.parallelTrials/, 'parallelTrials'],
  [/^spec\.maxFailedTrials/, 'maxFailedTrials'],
]

/** Where a field of the specification stands in the form. */
export function placeOf(field: string | undefined): Place | undefined {
  const text = field ?? ''
  const row = /^spec\.parameters\[(\d+)\](?:\.(name|type|min|max|step|scale|values))?/.exec(text)
  if (row) return ['searched', Number(row[1]), row[2] ?? 'name']
  const detail = /^spec\.earlyStopping\.(minSteps|minTrials|factor|maxSteps)/.exec(text)?.[1]
  if (detail) return detail as keyof SweepDraft
  if (text.startsWith('spec.job.')) return placeInJob(text.replace('spec.job.', 'spec.'))
  return PLACES.find(([pattern]) => pattern.test(text))?.[1] ?? placeInJob(text)
}

/** A new sweep with the same specification, to run now. */
export function again(sweep: Sweep, taken: ReadonlySet<string>): Sweep {
  const { job } = sweep.spec
  return {
    apiVersion: 'dais.io/v1alpha1',
    kind: 'Sweep',
    metadata: { name: nextName(sweep.metadata.name, taken), ...(sweep.metadata.namespace && { namespace: sweep.metadata.namespace }) },
    spec: { ...sweep.spec, suspend: false, stop: false, job: { ...job, application: job.application ?? sweep.metadata.name } },
  }
}
