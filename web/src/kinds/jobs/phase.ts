import type { TrainingJob } from '../../api/generated'
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
}

export const phaseOf = (job: TrainingJob): Phase => job.status?.phase ?? 'Pending'
export const isOver = (job: TrainingJob): boolean => phaseOf(job) === 'Succeeded' || phaseOf(job) === 'Failed'
export const appOf = (job: TrainingJob): string => job.spec.application ?? job.metadata.name

/** The condition that explains the phase best. */
export function whyOf(job: TrainingJob): Condition | undefined {
  const conditions = job.status?.conditions ?? []
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

/** A new job with the same specification, to run now. */
export function again(job: TrainingJob, taken: ReadonlySet<string>): TrainingJob {
  const application = job.spec.application ?? job.metadata.name
  return {
    apiVersion: 'dais.io/v1alpha1',
    kind: 'TrainingJob',
    metadata: { name: nextName(job.metadata.name, taken), ...(job.metadata.namespace && { namespace: job.metadata.namespace }) },
    spec: { ...job.spec, application, suspend: false },
  }
}
