import type { Application, ApplicationSpec } from '../../api/generated'
import { words } from '../jobs/command'
import { ACCELERATOR } from '../jobs/draft'
import { lineOf } from '../services/commandLine'
import { stepsOf } from '../services/draft'
import { envOf, variablesOf, type VariableDraft } from './variables'
import { mountsOf, volumesOf, type VolumeDraft } from './volumes'

/** What a field for numbers holds; `null` when it was emptied. */
type Amount = number | null

/** What the form holds. Counts, steps and resources are named as in the form of services. */
export interface Draft {
  name: string
  image?: string
  command?: string
  environment?: string
  runs: 'always' | 'schedule'
  ports: { name?: string; port?: Amount }[]
  routed: boolean
  routePort?: string
  keepPrefix?: boolean
  variables: VariableDraft[]
  volumes: VolumeDraft[]
  readyPath?: string
  livePath?: string
  startSeconds?: Amount
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
  cpu?: string
  memory?: string
  accelerators?: Amount
  cron?: string
  timeZone?: string
  overlap: 'Forbid' | 'Allow' | 'Replace'
  deadlineSeconds?: Amount
  retries?: Amount
  /** Why, for the list of releases. */
  why?: string
}

/** What most people want, for whoever begins. */
export const FIRST: Omit<Draft, 'name'> = {
  runs: 'always', ports: [{ name: 'http', port: 8080 }], routed: true, variables: [], volumes: [],
  count: 'fixed', replicas: 1, minReplicas: 0, maxReplicas: 4, concurrency: 8, takeover: 'once', steps: '10, 50', overlap: 'Forbid',
}
export const CAUSE = 'kubernetes.io/change-cause'

const given = <K extends string, V>(key: K, value: V | null | undefined): { [key in K]?: V } =>
  (value === undefined || value === null || value === '' ? {} : { [key]: value }) as { [key in K]?: V }

type Check = NonNullable<NonNullable<ApplicationSpec['health']>['ready']>

/** A check of another kind stays as it is while no path is said. */
function checkOf(path: string | undefined, before: Check | undefined): Check | undefined {
  if (path) {
    const { command: _command, ...rest } = before ?? {}
    return { ...rest, path }
  }
  return before?.path === undefined ? before : undefined
}

function healthOf(draft: Draft, before: ApplicationSpec | undefined): ApplicationSpec['health'] {
  const health = { ...given('ready', checkOf(draft.readyPath, before?.health?.ready)), ...given('live', checkOf(draft.livePath, before?.health?.live)), ...given('startSeconds', draft.startSeconds) }
  return Object.keys(health).length > 0 ? health : undefined
}

/** Limits are what is asked for, too; others than these three are kept. */
function resourcesOf(draft: Draft, before: ApplicationSpec | undefined): ApplicationSpec['resources'] {
  const was = before && draftOf({ metadata: { name: '' }, spec: before })
  if (was && (['cpu', 'memory', 'accelerators'] as const).every((one) => (was[one] ?? '') === (draft[one] ?? ''))) return before.resources
  const { cpu: _cpu, memory: _memory, [ACCELERATOR]: _cards, ...others } = before?.resources?.limits ?? {}
  const limits = { ...others, ...given('cpu', draft.cpu), ...given('memory', draft.memory), ...(draft.accelerators && { [ACCELERATOR]: String(draft.accelerators) }) }
  return Object.keys(limits).length > 0 ? { limits, requests: limits } : undefined
}

/** How many run, and how a release takes over: of what runs all the time. */
function runningOf(draft: Draft, before: ApplicationSpec | undefined): Partial<ApplicationSpec> {
  const steps = stepsOf(draft.steps)
  return {
    ...(draft.count === 'fixed' ? { replicas: draft.replicas ?? 1 } : {
      ...given('replicas', before?.replicas),
      autoscaling: { minReplicas: draft.minReplicas ?? 0, maxReplicas: draft.maxReplicas ?? 1, concurrency: draft.concurrency ?? 1, ...given('idleSeconds', draft.idleSeconds) },
    }),
    ...(draft.takeover === 'steps' && steps && {
      rollout: { steps, ...given('stepSeconds', draft.stepSeconds), ...given('minRequests', draft.minRequests), ...given('maxFailurePercent', draft.maxFailurePercent) },
    }),
    ...(draft.routed && { route: { ...given('port', draft.routePort), ...given('keepPrefix', draft.keepPrefix) } }),
  }
}

function scheduleOf(draft: Draft, before: ApplicationSpec | undefined): Partial<ApplicationSpec> {
  const { timeZone: _zone, deadlineSeconds: _deadline, retries: _retries, ...kept } = before?.schedule ?? {}
  return {
    ...given('replicas', before?.replicas),
    schedule: { ...kept, cron: draft.cron ?? '', concurrency: draft.overlap, ...given('timeZone', draft.timeZone), ...given('deadlineSeconds', draft.deadlineSeconds), ...given('retries', draft.retries) },
  }
}

/** The specification that a draft stands for. What the form does not know is kept from `before`. */
export function specOf(draft: Draft, before?: ApplicationSpec): ApplicationSpec {
  const {
    image: _i, command: _c, environment: _e, ports: _p, route: _r, env: _v, volumes: _m, health: _h, replicas: _n, autoscaling: _a,
    rollout: _o, resources: _l, schedule: _s, ...rest
  } = before ?? {}
  const command = words(draft.command ?? '')
  const env = envOf(draft.variables)
  const volumes = mountsOf(draft.volumes)
  return {
    ...rest,
    ...given('image', draft.image),
    ...(command.length > 0 && { command }),
    ...given('environment', draft.environment),
    ...(draft.ports.length > 0 && { ports: draft.ports.map(({ name = '', port }) => ({ name, port: port ?? 0 })) }),
    ...(env.length > 0 && { env }),
    ...(volumes.length > 0 && { volumes }),
    ...given('health', healthOf(draft, before)),
    ...given('resources', resourcesOf(draft, before)),
    ...(draft.runs === 'schedule' ? scheduleOf(draft, before) : runningOf(draft, before)),
  }
}

export function applicationOf(draft: Draft, project: string): Application {
  return {
    apiVersion: 'dais.io/v1alpha1', kind: 'Application', spec: specOf(draft),
    metadata: { name: draft.name, namespace: project, ...(draft.why && { annotations: { [CAUSE]: draft.why } }) },
  }
}

const text = (value: number | string | undefined) => (value === undefined ? undefined : String(value))

/** The form for an application that is there. */
export function draftOf({ metadata, spec }: Pick<Application, 'metadata' | 'spec'>): Draft {
  const { route, health, autoscaling, rollout, schedule } = spec
  const limits = spec.resources?.limits ?? {}
  return {
    ...FIRST,
    name: metadata.name,
    ...given('image', spec.image), ...(spec.command && { command: lineOf(spec.command) }), ...given('environment', spec.environment),
    runs: schedule ? 'schedule' : 'always',
    ports: spec.ports ?? [],
    routed: route !== undefined,
    ...given('routePort', route?.port), ...given('keepPrefix', route?.keepPrefix),
    variables: variablesOf(spec.env ?? []), volumes: volumesOf(spec.volumes ?? []),
    ...given('readyPath', health?.ready?.path), ...given('livePath', health?.live?.path), ...given('startSeconds', health?.startSeconds),
    count: autoscaling ? 'asNeeded' : 'fixed',
    replicas: spec.replicas ?? 1,
    ...(autoscaling && { minReplicas: autoscaling.minReplicas ?? 0, maxReplicas: autoscaling.maxReplicas, concurrency: autoscaling.concurrency, ...given('idleSeconds', autoscaling.idleSeconds) }),
    takeover: rollout ? 'steps' : 'once',
    ...(rollout && { steps: rollout.steps.join(', '), ...given('stepSeconds', rollout.stepSeconds), ...given('minRequests', rollout.minRequests), ...given('maxFailurePercent', rollout.maxFailurePercent) }),
    ...given('cpu', text(limits.cpu)), ...given('memory', text(limits.memory)), ...given('accelerators', Number(limits[ACCELERATOR] ?? 0) || undefined),
    ...(schedule && { cron: schedule.cron, overlap: schedule.concurrency ?? 'Forbid', ...given('timeZone', schedule.timeZone), ...given('deadlineSeconds', schedule.deadlineSeconds), ...given('retries', schedule.retries) }),
  }
}
