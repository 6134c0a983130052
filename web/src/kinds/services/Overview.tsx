import type { InferenceService } from '../../api/generated'
import type { Pod } from '../../api/meta'
import { useInfo } from '../../api/session'
import type { Listed } from '../../api/useKube'
import { useSince } from '../../components/address'
import { Card } from '../../components/Card'
import { Code } from '../../components/Code'
import { useText } from '../../i18n'
import { Usage } from '../../objects/Usage'
import { About } from './About'
import { Charts } from './Charts'
import { endpoint, example, speaksV2 } from './endpoint'
import { Replicas } from './Replicas'
import { RolloutCard } from './RolloutCard'
import { scaleOf } from './scale'

interface Props {
  service: InferenceService
  pods: Listed<Pod>
  project: string
}

export function Overview({ service, pods, project }: Props) {
  const t = useText()
  const { seconds } = useSince()
  const info = useInfo()
  const url = endpoint(service, project, info.data?.gateway)
  const podNames = (pods.data ?? []).map((pod) => pod.metadata.name)
  const rollout = service.status?.rollout
  return (
    <div className="grid">
      {rollout && <RolloutCard service={service} project={project} rollout={rollout} />}
      <Charts service={service} project={project} />
      <Card className="span-7" title={t('services.endpoint')}>
        <div className="stack tight">
          <Code text={url} label={t('services.endpoint')} />
          <p className="muted small">{t(speaksV2(service) ? 'services.endpointHint' : 'services.programHint')}</p>
          <Code text={example(service, url)} wrap label={t('services.example')} />
        </div>
      </Card>
      <About service={service} project={project} />
      <Card className="span-12" title={t('services.replicas')}><Replicas service={service} pods={pods} /></Card>
      {(podNames.length > 0 || !scaleOf(service).asleep) && <Usage project={project} pods={podNames} resources={service.spec.resources} seconds={seconds} />}
    </div>
  )
}
