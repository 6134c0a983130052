import type { InferenceService, InferenceServiceSpec } from '../../api/generated'
import type { Cause } from '../../api/http'
import { ROLLOUT_ABSENT } from '../../objects/rollout'
import { words } from '../jobs/command'
import { ACCELERATOR } from '../jobs/draft'
import { lineOf } from './commandLine'

/** What a field for numbers holds; `null` when it was emptied. */
type Amount = number | null

/** What the form holds. */
export interface Draft {
  name: string
  serves: 'model' | 'program' | 'both'
  model?: string
  command?: string
  environment?: string
  port?: Amount
  readyPath?: string
  count: 'fixed' | 'asNeeded'
  replicas?: Amount
  minReplicas?: Amount
  maxReplicas?: Amount
  concurrency?: Amount
  idleSeconds?: Amount
  takeover: 'once' | 'steps'
  steps?: string
  stepSeconds?: Amount
  minRequests?: Amount
  maxFailurePercent?: Amount
  record: 'nothing' | 'some'
  recordPercent?: Amount
  recordBytes?: Amount
  recordFailures?: boolean
  cpu?: string
  memory?: string
  accelerators?: Amount
  application?: string
}

/** What holds where nothing is said; the platform's own. */
export const ABSENT = { ...ROLLOUT_ABSENT, port: 8080, idleSeconds: 60, bodyBytes: 4096 } as const
const MOST_STEPS = 20

/** What most people want, for whoever begins. */
export const FIRST: Omit<Draft, 'name'> = {
  serves: 'model', count: 'fixed', replicas: 1, minReplicas: 0, maxReplicas: 4, concurrency: 8,
  takeover: 'once', steps: '10, 50', record: 'nothing', recordPercent: 10, recordFailures: true,
}

/** "10, 50" as shares in percent; undefined when that is not what it says. */
export function stepsOf(text: string | undefined): number[] | undefined {
  const steps = (text ?? '').split(/[\s,，、%]+/).filter(Boolean).map(Number)
  const fit = steps.length > 0 && steps.length <= MOST_STEPS && steps.every((one) => Number.isInteger(one) && one >= 1 && one <= 100)
  return fit ? steps : undefined
}

const given = <K extends string, V>(key: K, value: V | null | undefined): { [key in K]?: V } =>
  (value === undefined || value === null || value === '' ? {} : { [key]: value }) as { [key in K]?: V }

/** Limits are what is asked for, too; others than these three are kept. */
function resourcesOf(draft: Draft, before: InferenceServiceSpec | undefined): InferenceServiceSpec['resources'] {
  const was = before && draftOf({ metadata: { name: '' }, spec: before })
  const same = was && (['cpu', 'memory', 'accelerators'] as const).every((one) => (was[one] ?? '') === (draft[one] ?? ''))
  if (same) return before.resources
  const { cpu: _cpu, memory: _memory, [ACCELERATOR]: _cards, ...others } = before?.resources?.limits ?? {}
  const limits = { ...others, ...given('cpu', draft.cpu), ...given('memory', draft.memory), ...(draft.accelerators && { [ACCELERATOR]: String(draft.accelerators) }) }
  return Object.keys(limits).length > 0 ? { limits, requests: limits } : undefined
}

/** The specification that a draft stands for. What the form does not know is kept from `before`. */
export function specOf(draft: Draft, before?: InferenceServiceSpec): InferenceServiceSpec {
  const { model: _m, server, environment: _e, replicas: _r, autoscaling: _a, rollout: _o, record: _w, resources: _l, application: _p, ...rest } = before ?? {}
  const hasModel = draft.serves !== 'program'
  const hasProgram = draft.serves !== 'model'
  const steps = stepsOf(draft.steps)
  return {
    ...rest,
    ...(hasModel && given('model', draft.model)),
    ...(hasProgram && { server: { ...given('code', server?.code), command: words(draft.command ?? ''), ...given('port', draft.port), ...given('readyPath', draft.readyPath) } }),
    ...given('environment', draft.environment),
    ...(draft.count === 'fixed' ? { replicas: draft.replicas ?? 1 } : {
      ...given('replicas', before?.replicas),
      autoscaling: { minReplicas: draft.minReplicas ?? 0, maxReplicas: draft.maxReplicas ?? 1, concurrency: draft.concurrency ?? 1, ...given('idleSeconds', draft.idleSeconds) },
    }),
    // Steps are for versions of a model: the form of a program alone has none, and changes none.
    ...(!hasModel ? given('rollout', before?.rollout) : draft.takeover === 'steps' && steps && {
      rollout: { steps, ...given('stepSeconds', draft.stepSeconds), ...given('minRequests', draft.minRequests), ...given('maxFailurePercent', draft.maxFailurePercent) },
    }),
    ...(draft.record === 'some' && { record: { percent: draft.recordPercent ?? 0, ...given('bodyBytes', draft.recordBytes), failures: draft.recordFailures ?? false } }),
    ...given('resources', resourcesOf(draft, before)),
    ...given('application', draft.application),
  }
}

export function serviceOf(draft: Draft, project: string): InferenceService {
  return { apiVersion: 'dais.io/v1alpha1', kind: 'InferenceService', metadata: { name: draft.name, namespace: project }, spec: specOf(draft) }
}

/** The form for a service that is there. */
export function draftOf({ metadata, spec }: InferenceService): Draft {
  const { model, server, autoscaling, rollout, record, resources } = spec
  const limits = resources?.limits ?? {}
  const text = (value: number | string | undefined) => (value === undefined ? undefined : String(value))
  return {
    ...FIRST,
    name: metadata.name,
    serves: !server ? 'model' : model ? 'both' : 'program',
    ...given('model', model), ...given('environment', spec.environment), ...given('application', spec.application),
    ...(server && { command: lineOf(server.command), ...given('port', server.port), ...given('readyPath', server.readyPath) }),
    count: autoscaling ? 'asNeeded' : 'fixed',
    replicas: spec.replicas ?? 1,
    ...(autoscaling && { minReplicas: autoscaling.minReplicas ?? 0, maxReplicas: autoscaling.maxReplicas, concurrency: autoscaling.concurrency, ...given('idleSeconds', autoscaling.idleSeconds) }),
    takeover: rollout ? 'steps' : 'once',
    ...(rollout && { steps: rollout.steps.join(', '), ...given('stepSeconds', rollout.stepSeconds), ...given('minRequests', rollout.minRequests), ...given('maxFailurePercent', rollout.maxFailurePercent) }),
    record: record ? 'some' : 'nothing',
    ...(record && { recordPercent: record.percent, recordFailures: record.failures ?? false, ...given('recordBytes', record.bodyBytes) }),
    ...given('cpu', text(limits.cpu)), ...given('memory', text(limits.memory)), ...given('accelerators', Number(limits[ACCELERATOR] ?? 0) || undefined),
  }
}

/** Where a field of the specification stands in the form. */
const PLACES: [RegExp, keyof Draft][] = [
  [/^metadata\.name/, 'name'], [/^spec\.model/, 'model'], [/^spec\.environment/, 'environment'], [/^spec\.application/, 'application'],
  [/^spec\.server\.port/, 'port'], [/^spec\.server\.readyPath/, 'readyPath'], [/^spec\.server/, 'command'],
  [/^spec\.autoscaling\.minReplicas/, 'minReplicas'], [/^spec\.autoscaling\.concurrency/, 'concurrency'], [/^spec\.autoscaling\.idleSeconds/, 'idleSeconds'], [/^spec\.autoscaling/, 'maxReplicas'],
  [/^spec\.replicas/, 'replicas'],
  [/^spec\.rollout\.stepSeconds/, 'stepSeconds'], [/^spec\.rollout\.minRequests/, 'minRequests'], [/^spec\.rollout\.maxFailurePercent/, 'maxFailurePercent'], [/^spec\.rollout/, 'steps'],
  [/^spec\.record\.bodyBytes/, 'recordBytes'], [/^spec\.record/, 'recordPercent'],
  [/^spec\.resources.*memory/, 'memory'], [/^spec\.resources.*nvidia/, 'accelerators'], [/^spec\.resources/, 'cpu'],
]

/** The field of the form that `cause` is about. A rule over the whole specification names its field in its words. */
export function placeOf({ field, message }: Cause): keyof Draft | undefined {
  const place = field && field !== 'spec' ? field : message
  return PLACES.find(([pattern]) => pattern.test(place))?.[1]
}
