import type { Application } from '../../api/generated'
import { APPLICATIONS, CRON_JOBS, JOBS } from '../../api/kinds'
import { create, list, merge } from '../../api/kube'
import type { CronJob, KubeObject } from '../../api/meta'

const RESTARTED = 'dais.io/restarted-at'

const change = ({ metadata }: Application, patch: unknown) => merge(APPLICATIONS, metadata.namespace, metadata.name, patch)

export const restart = (app: Application) => change(app, { metadata: { annotations: { [RESTARTED]: new Date().toISOString() } } })
export const scaleTo = (app: Application, replicas: number) => change(app, { spec: { replicas } })
export const setStopped = (app: Application, stopped: boolean) => change(app, { spec: { stopped } })
export const goBack = (app: Application, rollbackTo: number) => change(app, { spec: { rollbackTo } })

/** A run beside those of the schedule, as `kubectl create job --from` makes one. */
export function runOf({ metadata, spec }: CronJob, now: Date): KubeObject & { spec?: unknown } {
  const { metadata: about = {}, spec: job } = spec.jobTemplate
  return {
    apiVersion: 'batch/v1', kind: 'Job', spec: job,
    metadata: {
      ...about,
      name: `${metadata.name}-now-${Math.floor(now.getTime() / 1000)}`,
      ...(metadata.namespace && { namespace: metadata.namespace }),
      annotations: { ...about.annotations, 'cronjob.kubernetes.io/instantiate': 'manual' },
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'CronJob', name: metadata.name, uid: metadata.uid ?? '', controller: true, blockOwnerDeletion: true }],
    },
  }
}

/** `none` says that there is nothing to run yet. */
export async function runNow({ metadata }: Application, none: string): Promise<string> {
  const { items } = await list(CRON_JOBS, metadata.namespace ? { namespace: metadata.namespace } : {})
  const own = items.find((one) => one.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid))
  if (!own) throw new Error(none)
  return (await create(JOBS, runOf(own, new Date()))).metadata.name
}
