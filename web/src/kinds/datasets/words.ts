import type { Difference } from '../../api/dataViews'
import type { Tone } from '../../components/tone'
import { isMessage, type MessageKey, type Translate } from '../../i18n'

export const DIFFERENCE: Record<Difference, MessageKey> = { added: 'diff.added', removed: 'diff.removed', changed: 'diff.changed', renamed: 'diff.renamed' }
export const DIFFERENCE_TONE: Record<Difference, Tone> = { added: 'success', removed: 'error', changed: 'warning', renamed: 'accent' }

const TYPES: Record<string, MessageKey> = { boolean: 'type.boolean', integer: 'type.integer', number: 'type.number', timestamp: 'type.timestamp', text: 'type.text', empty: 'type.empty' }
export const typeWords = (t: Translate, type: string) => {
  const key = TYPES[type]
  return key && isMessage(key) ? t(key) : type
}
