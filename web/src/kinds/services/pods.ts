import type { InferenceService } from '../../api/generated'
import { INFERENCE_SERVICES, LABELS, PODS } from '../../api/kinds'
import type { Pod } from '../../api/meta'
import { useList, type Listed } from '../../api/useKube'
import { nextMark, versionOf, type Version } from './rollout'
import { serviceApp } from './traffic'

const POLL_MS = 3000
/** Other names stand in labels in another form. */
const LABEL = /^[a-z0-9]([-a-z0-9_.]{0,61}[a-z0-9])?$/

/** Whether a pod is one of a version on its way in. */
export const isNextPod = (service: InferenceService, pod: Pod): boolean => pod.metadata.labels?.[LABELS.instance]?.endsWith(nextMark(service)) ?? false

/** The service's own servers, and those of a version on its way in. */
export function ofService(service: InferenceService, pods: Pod[]): Pod[] {
  return pods.filter((pod) => pod.metadata.labels?.[LABELS.instance] === service.metadata.name || isNextPod(service, pod))
}

export function useReplicas(project: string, service: InferenceService | undefined): Listed<Pod> {
  const app = service ? serviceApp(service) : ''
  const labels = [`${LABELS.component}=${INFERENCE_SERVICES.kind.toLowerCase()}`, ...(LABEL.test(app) ? [`${LABELS.app}=${app}`] : [])].join(',')
  const pods = useList(PODS, { namespace: project, labels, live: POLL_MS, enabled: service !== undefined })
  return { ...pods, data: service && pods.data && ofService(service, pods.data) }
}

/** The version that a pod was started with; none for a program without a model. */
export function servedBy(pod: Pod): Version | undefined {
  const uri = pod.spec?.containers.flatMap(({ env }) => env ?? []).find(({ name }) => name === 'DAIS_MODEL_URI')?.value
  return uri ? versionOf(uri.replace('models:/', '')) : undefined
}
