import { isMessage, type Translate } from '../i18n'

/** What a condition's reason means, in the reader's language. */
export function reasonWords(t: Translate, reason: string | undefined): string {
  if (!reason) return ''
  const key = `reason.${reason}`
  return isMessage(key) ? t(key) : reason.replace(/([a-z])([A-Z])/g, '$1 $2')
}
