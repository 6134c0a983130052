import type { InferenceService, TrainingJob } from '../../api/generated'
import { LABELS } from '../../api/kinds'
import type { KubeEvent, KubeObject } from '../../api/meta'
import type { Mark } from '../../components/plot/axis'
import type { Translate } from '../../i18n'
import type { Alert } from '../alerts/alert'
import type { Release } from '../applications/releases'
import { versionOf } from '../services/rollout'
import { seenAt } from './useApplication'

/** What happened to an application, as marks on its time axis. */
export interface Happened {
  releases: readonly Release[]
  services: readonly InferenceService[]
  /** Of the services' servers: one for each way that they were started. */
  revisions: readonly KubeObject[]
  jobs: readonly TrainingJob[]
  warnings: readonly KubeEvent[]
  alerts: readonly Alert[]
}

const at = (time: string | undefined) => Date.parse(time ?? '')

const REVISION = 'deployment.kubernetes.io/revision'

/** A service's servers were started another way: another version, another command. Those of a version on its way in have a mark already. */
function revisionMark(t: Translate, services: ReadonlySet<string>, { metadata }: KubeObject): Mark | undefined {
  const name = metadata.labels?.[LABELS.instance]
  const revision = metadata.annotations?.[REVISION]
  if (!name || !revision || !services.has(name)) return undefined
  return { time: at(metadata.creationTimestamp), label: t('apps.markRevision', { name, revision }), tone: 'accent', named: true }
}

/** A version on its way into a service or taken back; how far it is stands on the service's page. */
function rolloutMark(t: Translate, { metadata: { name }, status }: InferenceService): Mark | undefined {
  const rollout = status?.rollout
  if (!rollout) return undefined
  const back = rollout.state === 'RolledBack'
  return { time: at(rollout.since), label: t(back ? 'apps.markBack' : 'apps.markComing', { name, version: versionOf(rollout.version).version }), tone: back ? 'error' : 'accent', named: true }
}

export function marksOf(t: Translate, { releases, services, revisions, jobs, warnings, alerts }: Happened): Mark[] {
  const names = new Set(services.map((one) => one.metadata.name))
  return [
    ...releases.map((one): Mark => ({ time: at(one.time), label: t('app.releaseNumber', { release: one.number }), tone: 'accent', named: true })),
    ...revisions.flatMap((one) => revisionMark(t, names, one) ?? []),
    ...services.flatMap((one) => rolloutMark(t, one) ?? []),
    ...jobs.map((one): Mark => ({ time: at(one.status?.startTime), label: t('apps.markJob', { name: one.metadata.name }), tone: 'muted' })),
    ...warnings.map((one): Mark => ({ time: seenAt(one), label: one.reason ?? '', tone: 'warning' })),
    ...alerts.map((one): Mark => ({ time: at(one.since), label: one.name, tone: 'error' })),
  ].filter(({ time }) => Number.isFinite(time))
}
