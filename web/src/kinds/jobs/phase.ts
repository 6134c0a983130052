import type { TrainingJob, TrainingJobSpec } from '../../api/generated'
import { TRIAL } from '../../api/kinds'
import type { Condition } from '../../api/meta'
import type { Tone } from '../../components/tone'
import type { MessageKey } from '../../i18n'

export type Phase = NonNullable<NonNullable<TrainingJob['status']>['phase']>

export const PHASES: Record<Phase, { word: MessageKey; tone: Tone }> = {
  Pending: { word: 'phase.Pending', tone: 'muted' },
  Running: { word: 'phase.Running', tone: 'accent' },
  Succeeded: { word: 'phase.Succeeded', tone: 'success' },
  Failed: { word: 'phase.Failed', tone: 'error' },
  Suspended: { word: 'phase.Suspended', tone: 'warning' },
  Stopped: { word: 'phase.Stopped', tone: 'muted' },
}

/** A job, or a sweep of them. */
export interface Phased {
  status?: { phase?: Phase; conditions?: Condition[] } | null
}

const FINAL: ReadonlySet<Phase> = new Set<Phase>(['Succeeded', 'Failed', 'Stopped'])
export const phaseOf = (of: Phased): Phase => of.status?.phase ?? 'Pending'
export const isOver = (of: Phased): boolean => FINAL.has(phaseOf(of))
export const appOf = (job: TrainingJob): string => job.spec.application ?? job.metadata.name

/** The condition that explains the phase best. */
export function whyOf(of: Phased): Condition | undefined {
  const conditions = of.status?.conditions ?? []
  const named = (type: string, status = 'True') => conditions.find((one) => one.type === type && one.status === status)
  return named('Failed') ?? named('Ready', 'False') ?? named('Ready', 'Unknown') ?? named('Complete') ?? named('Ready')
}

/** `digits-forest` → `digits-forest-2` → `digits-forest-3`. */
export function nextName(name: string, taken: ReadonlySet<string>): string {
  const match = /^(.*)-(\d+)$/.exec(name)
  const stem = (match?.[1] ?? name).slice(0, 56)
  for (let number = Number(match?.[2] ?? 1) + 1; ; number += 1) {
    const next = `${stem}-${number}`
    if (!taken.has(next)) return next
  }
}

/** The sweep that a job is a trial of. */
export function sweepOf(job: TrainingJob): { name: string; trial: string | undefined } | undefined {
  const owner = job.metadata.ownerReferences?.find(({ kind }) => kind === 'Sweep')
  return owner && { name: owner.name, trial: job.metadata.annotations?.[TRIAL] }
}

/** What is run again: the same data and environment, or the newest that the specification allows. */
export type Again = 'exactly' | 'newest'

/** A new job with the same specification, to run now. */
export function again(job: TrainingJob, taken: ReadonlySet<string>, how: Again): TrainingJob {
  const application = job.spec.application ?? job.metadata.name
  return {
    apiVersion: 'dais.io/v1alpha1',
    kind: 'TrainingJob',
    metadata: { name: nextName(job.metadata.name, taken), ...(job.metadata.namespace && { namespace: job.metadata.namespace }) },
    spec: { ...(how === 'exactly' ? pinned(job) : job.spec), application, suspend: false, stop: false },
  }
}

/** With the data and the environment that were really used. */
function pinned({ spec, status }: TrainingJob): TrainingJobSpec {
  const digest = status?.environmentDigest ?? spec.environmentDigest
  const datasets = spec.datasets?.map((input) => {
    const version = status?.datasets?.find((used) => used.name === input.name)?.version ?? input.version
    return { ...input, ...(version && { version }) }
  })
  const { name, version, parameters } = status?.algorithm ?? {}
  const algorithm = spec.algorithm && name === spec.algorithm.name && version ? { algorithm: { ...spec.algorithm, version }, ...(parameters && { parameters }) } : {}
  return { ...spec, ...(datasets && { datasets }), ...(digest && { environmentDigest: digest }), ...algorithm }
}

/** Whether running it again exactly is another thing than running its specification again. */
export function mayDiffer(job: TrainingJob): boolean {
  const { datasets, environmentDigest, algorithm } = pinned(job)
  return algorithm?.version !== job.spec.algorithm?.version || environmentDigest !== job.spec.environmentDigest || JSON.stringify(datasets) !== JSON.stringify(job.spec.datasets)
}
