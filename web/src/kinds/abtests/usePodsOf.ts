import type { ABTest } from '../../api/generated'
import { INFERENCE_SERVICES, LABELS, PODS } from '../../api/kinds'
import { useList } from '../../api/useKube'

const POLL_MS = 5000

/** Names of the servers behind the variants. */
export function usePodsOf(project: string, test: ABTest | undefined): string[] {
  const pods = useList(PODS, { namespace: project, labels: `${LABELS.component}=${INFERENCE_SERVICES.kind.toLowerCase()}`, live: POLL_MS, enabled: test !== undefined })
  const services = new Set(test?.status?.variants?.map(({ service }) => service))
  return (pods.data ?? []).filter(({ metadata }) => services.has(metadata.labels?.[LABELS.instance] ?? '')).map(({ metadata }) => metadata.name)
}
