import { Button } from 'antd'
import { Link } from 'react-router'
import type { InferenceService } from '../../api/generated'
import { INFERENCE_SERVICES } from '../../api/kinds'
import { merge } from '../../api/kube'
import { Notice } from '../../components/Notice'
import { useAct } from '../../components/useAct'
import { at } from '../../frame/useProject'
import { useText } from '../../i18n'
import { reasonWords } from '../../objects/reasons'
import { progressOf, type Rollout } from '../../objects/rollout'
import { stableOf, versionOf } from './rollout'
import { backWords } from './words'

interface Props {
  service: InferenceService
  project: string
  rollout: Rollout
  mayPatch: boolean
}

/** A version was taken back: why, what answers instead, and what to do about it. */
export function TakenBack({ service, project, rollout, mayPatch }: Props) {
  const t = useText()
  const { busy, act } = useAct()
  const stable = stableOf(service)
  const isAlias = service.spec.model?.includes('@')
  const progress = progressOf(service.spec.rollout ?? { steps: [] }, rollout, 0)
  const setBack = (model: string) => act(() => merge(INFERENCE_SERVICES, project, service.metadata.name, { spec: { model } }), t('services.changed'))
  return (
    <Notice tone="warning" title={reasonWords(t, 'RolledBack')}>
      <p>{backWords(t, service, rollout, progress)}</p>
      <p>{t(isAlias ? 'rollout.nextAlias' : 'rollout.next')}</p>
      <div className="row wrap" style={{ marginTop: 6 }}>
        {isAlias && <Link to={at(project, 'models', versionOf(rollout.version).name)}><Button size="small">{t('rollout.alias')}</Button></Link>}
        {!isAlias && mayPatch && stable && (
          <Button size="small" loading={busy} onClick={() => void setBack(`models:/${stable.name}/${stable.version}`)}>{t('rollout.setBack', { version: `${stable.name}/${stable.version}` })}</Button>
        )}
      </div>
    </Notice>
  )
}
