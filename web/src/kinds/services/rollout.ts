import type { InferenceService } from '../../api/generated'
import type { KubeObject } from '../../api/meta'
import type { Rollout } from '../../objects/rollout'

/** "digits/8": the version of a model. */
export interface Version {
  name: string
  version: string
}
export function versionOf(label: string): Version {
  const cut = label.lastIndexOf('/')
  return cut < 0 ? { name: '', version: label } : { name: label.slice(0, cut), version: label.slice(cut + 1) }
}

/** The version that answers, where one is known. */
export function stableOf({ status }: InferenceService): Version | undefined {
  return status?.modelName && status.modelVersion ? { name: status.modelName, version: status.modelVersion } : undefined
}

/** A new version on its way in; not one that was taken back. */
export function underWay({ status }: { status?: { rollout?: Rollout } | null }): Rollout | undefined {
  const rollout = status?.rollout
  return rollout && rollout.state !== 'RolledBack' ? rollout : undefined
}

/** Services that a version is on its way into, or was taken back from. */
export function rolloutsOf(services: readonly InferenceService[], { name, version }: Version): { service: InferenceService; rollout: Rollout }[] {
  return services.flatMap((service) => {
    const rollout = service.status?.rollout
    return rollout?.version === `${name}/${version}` ? [{ service, rollout }] : []
  })
}

/** The mark of the servers of a version on its way in: their pods' instance and their Service end with it. */
export function nextMark({ metadata }: KubeObject): string {
  return `-next-${(metadata.uid ?? '').replace(/[^0-9a-fA-F]/g, '').slice(0, 8)}`
}
