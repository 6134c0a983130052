import { percent } from '../i18n/format'
import type { Tone } from './tone'

interface Props {
  ratio: number | undefined
  tone: Tone
  label: string
  size?: number
}

const STROKE = 9

export function Ring({ ratio, tone, label, size = 104 }: Props) {
  const radius = (size - STROKE) / 2
  const length = 2 * Math.PI * radius
  const share = Math.min(1, Math.max(0, ratio ?? 0))
  return (
    <svg width={size} height={size} viewBox={`0 0 ${size} ${size}`} role="img" aria-label={`${label}: ${percent(ratio)}`} style={{ flex: 'none' }}>
      <g fill="none" strokeWidth={STROKE} transform={`rotate(-90 ${size / 2} ${size / 2})`}>
        <circle cx={size / 2} cy={size / 2} r={radius} stroke="color-mix(in srgb, var(--ink) 8%, transparent)" />
        {share > 0 && (
          <circle
            className={`tone-${tone}`}
            cx={size / 2} cy={size / 2} r={radius} stroke="var(--tone)" strokeLinecap="round"
            strokeDasharray={`${length * share} ${length}`}
            style={{ transition: 'stroke-dasharray 0.5s' }}
          />
        )}
      </g>
      <text x="50%" y="50%" textAnchor="middle" dominantBaseline="central" fill="var(--ink)" fontSize="20" fontWeight="650">
        {percent(ratio)}
      </text>
    </svg>
  )
}
