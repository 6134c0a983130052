import { useText, type MessageKey } from '../i18n'
import type { TailState } from './useTail'

const WORDS: Record<TailState, MessageKey> = { off: 'logs.ended', connecting: 'logs.connecting', live: 'logs.live', lost: 'logs.lost' }
const TONES: Record<TailState, string> = { off: 'muted', connecting: 'muted', live: 'success', lost: 'warning' }

export function TailMark({ state }: { state: TailState }) {
  const t = useText()
  return (
    <span className={`live tone-${TONES[state]}`} role="status">
      <span className={`dot ${state === 'live' ? 'busy' : ''}`} aria-hidden />
      {t(WORDS[state])}
    </span>
  )
}
