import { Select } from 'antd'
import { SINCE, useSince } from '../components/address'
import { useRange } from '../components/range'
import { useText, type MessageKey } from '../i18n'
import { clock, dateTime } from '../i18n/format'

const WORDS: Record<(typeof SINCE)[number], MessageKey> = {
  '15m': 'range.15m', '1h': 'range.1h', '6h': 'range.6h', '24h': 'range.24h', '7d': 'range.7d', '30d': 'range.30d',
}
const FIXED = 'fixed'
const DAY_SECONDS = 86_400

/** The last so long, or what was drawn on a chart; choosing the former ends the latter. */
export function TimeRange() {
  const t = useText()
  const { since, choose } = useSince()
  const { fixed, end, seconds } = useRange()
  const options: { value: string; label: string }[] = SINCE.map((one) => ({ value: one, label: t(WORDS[one]) }))
  if (fixed && end) options.unshift({ value: FIXED, label: wordsOf((end - seconds) * 1000, end * 1000) })
  return (
    <Select
      className="wide-only" variant="borderless" aria-label={t('frame.range')} value={fixed ? FIXED : since} popupMatchSelectWidth={false}
      options={options} onChange={(next) => { if (next !== FIXED) choose(next) }}
    />
  )
}

function wordsOf(from: number, to: number): string {
  const days = to - from > DAY_SECONDS * 1000 || dateTime(from).slice(0, 10) !== dateTime(to).slice(0, 10)
  return days ? `${dateTime(from).slice(5, 16)} – ${dateTime(to).slice(5, 16)}` : `${dateTime(from).slice(5)} – ${clock(to)}`
}
