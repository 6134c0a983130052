import type { InferenceService } from '../../api/generated'
import type { Pod } from '../../api/meta'
import type { Listed } from '../../api/useKube'
import type { Column } from '../../components/DataTable'
import { useText } from '../../i18n'
import { PodTable } from '../../objects/PodTable'
import { isNextPod, servedBy } from './pods'
import { stableOf } from './rollout'
import { versionWords } from './words'

/** The servers, and which version each serves. */
export function Replicas({ service, pods }: { service: InferenceService; pods: Listed<Pod> }) {
  const t = useText()
  const version = (pod: Pod) => {
    const served = servedBy(pod)
    return served ? versionWords(t, served, stableOf(service)) : ''
  }
  const column: Column<Pod> = {
    key: 'version', title: t('services.versionServed'), from: 'sm', sort: version,
    cell: (pod) => <span className="row" style={{ gap: 6 }}>{version(pod)}{isNextPod(service, pod) && <span className="tag tone-accent">{t('services.next')}</span>}</span>,
  }
  return <PodTable pods={pods} more={service.spec.model ? [column] : []} />
}
