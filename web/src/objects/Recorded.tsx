import { useInstant } from '../api/prom'
import { useRange } from '../components/range'
import { useText } from '../i18n'

/** These values were recorded on other hardware, or made up, and are played back. */
export function Recorded() {
  const t = useText()
  return <span className="tag tone-warning" title={t('gpus.recordedHint')}>{t('gpus.recorded')}</span>
}

/** The mark, where the query counts any device that is recorded. */
export function RecordedIf({ query }: { query: string }) {
  const { end } = useRange()
  const count = useInstant(query, true, end).data?.[0]?.value ?? 0
  return count > 0 && <Recorded />
}
