import { Link } from 'react-router'
import type { InferenceService } from '../../api/generated'
import { at } from '../../frame/useProject'
import { useText } from '../../i18n'
import type { Rollout } from '../../objects/rollout'
import { RolloutProgress } from '../../objects/RolloutProgress'
import { stableOf, versionOf } from './rollout'
import { recordedLines } from './traffic'
import { versionWords } from './words'

interface Props {
  service: InferenceService
  project: string
  rollout: Rollout
}

/** How far a new version of a model has come. */
export function RolloutCard({ service, project, rollout }: Props) {
  const t = useText()
  const stable = stableOf(service)
  return (
    <RolloutProgress rollout={rollout} rule={service.spec.rollout ?? { steps: [] }} old={stable && versionWords(t, stable)} next={versionWords(t, versionOf(rollout.version), stable)}
      said={service.status?.conditions?.find((one) => one.type === 'Ready')?.message} titles={{ coming: t('rollout.title'), back: t('rollout.titleBack') }}
      extra={<>
        {service.spec.record && <Link to={`${at(project, 'logs')}?${recordedLines(service)}`}>{t('services.record')}</Link>}
        <Link to={at(project, 'models', versionOf(rollout.version).name)}>{t('rollout.alias')}</Link>
      </>} />
  )
}
