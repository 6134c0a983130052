import type { Translate } from '../../i18n'
import type { Source } from './volumes'

export function sourceWords(t: Translate, source: Source): string {
  const words = { claim: t('appForm.claim'), existingClaim: t('appForm.existingClaim'), dataset: t('appForm.dataset'), config: 'ConfigMap', secret: 'Secret' }
  return words[source]
}
