import { Select } from 'antd'
import { SINCE, useSince } from '../components/address'
import { useText, type MessageKey } from '../i18n'

const WORDS: Record<(typeof SINCE)[number], MessageKey> = { '15m': 'range.15m', '1h': 'range.1h', '6h': 'range.6h', '24h': 'range.24h', '7d': 'range.7d', '30d': 'range.30d' }

/** The time range where the frame has no room for it. */
export function NarrowRange() {
  const t = useText()
  const { since, choose } = useSince()
  return (
    <span className="narrow-only">
      <Select value={since} onChange={choose} aria-label={t('frame.range')} popupMatchSelectWidth={false} options={SINCE.map((one) => ({ value: one, label: t(WORDS[one]) }))} />
    </span>
  )
}
