import type { Application } from '../../api/generated'
import { APPLICATIONS, LABELS, PODS } from '../../api/kinds'
import type { Pod } from '../../api/meta'
import { useList, type Listed } from '../../api/useKube'
import { nextMark } from '../services/rollout'

const POLL_MS = 3000
const INSTANCE_NAME = 'dais.io/instance-name'
const RELEASE = 'dais.io/release'

/** The release that a pod was started with. */
export const releaseOfPod = ({ metadata }: Pod): string => metadata.annotations?.[RELEASE] ?? ''

export function ofApplication(app: Application, pods: Pod[]): Pod[] {
  const { name } = app.metadata
  return pods.filter(({ metadata: { labels, annotations } }) => {
    const instance = labels?.[LABELS.instance]
    return instance === name || annotations?.[INSTANCE_NAME] === name || (instance?.endsWith(nextMark(app)) ?? false)
  })
}

/** Its replicas, or the runs of its schedule, and those of a release on its way in. */
export function useReplicas(project: string, app: Application | undefined): Listed<Pod> {
  const pods = useList(PODS, { namespace: project, labels: `${LABELS.component}=${APPLICATIONS.kind.toLowerCase()}`, live: POLL_MS, enabled: app !== undefined })
  return { ...pods, data: app && pods.data && ofApplication(app, pods.data) } as Listed<Pod>
}
