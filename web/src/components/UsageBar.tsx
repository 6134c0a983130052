import { percent } from '../i18n/format'
import type { Tone } from './tone'

export function UsageBar({ ratio, tone = 'accent', label }: { ratio: number | undefined; tone?: Tone; label: string }) {
  const share = Math.min(1, Math.max(0, ratio ?? 0))
  return (
    <div className={`bar tone-${tone}`} role="img" aria-label={`${label}: ${percent(ratio)}`}>
      <div className="bar-track">
        <div className="bar-fill" style={{ width: `${share * 100}%` }} />
      </div>
      <span className="bar-value numbers">{percent(ratio)}</span>
    </div>
  )
}
