import type { InferenceService } from '../../api/generated'
import type { Translate } from '../../i18n'
import { percent } from '../../i18n/format'
import type { Progress, Rollout } from '../../objects/rollout'
import { stableOf, versionOf, type Version } from './rollout'

/** "Version 8"; with the model's name where it is another model than `beside`. */
export function versionWords(t: Translate, { name, version }: Version, beside?: Version): string {
  return beside && name && beside.name !== name ? `${name}/${version}` : t('models.version', { version })
}

/** "v8 10%", beside the name of a service. */
export function rolloutMark(t: Translate, { state, version: label, percent: share }: Rollout): string {
  const { version } = versionOf(label)
  if (state === 'Starting') return t('rollout.markStarting', { version })
  return state === 'Promoting' ? t('rollout.markPromoting', { version }) : t('rollout.mark', { version, share: percent(share / 100) })
}

/** Why a version was taken back, and what answers instead. */
export function backWords(t: Translate, service: InferenceService, rollout: Rollout, { failures, requests, allowedPercent }: Progress): string {
  const stable = stableOf(service)
  const share = service.spec.rollout?.steps[rollout.step]
  const version = versionWords(t, versionOf(rollout.version), stable)
  const why = t('rollout.whyBack', { version, share: share === undefined ? '—' : percent(share / 100), failures, requests, allowed: `${allowedPercent}%` })
  return stable ? `${why} ${t('rollout.stays', { version: versionWords(t, stable) })}` : why
}

/** "10 % of requests and all failures". */
export function recordedWords(t: Translate, record: NonNullable<InferenceService['spec']['record']>): string {
  if (record.percent === 0) return record.failures ? t('services.failuresOnly') : t('services.recordNothing')
  return t(record.failures && record.percent < 100 ? 'services.recordedFailures' : 'services.recorded', { share: `${record.percent}%` })
}
