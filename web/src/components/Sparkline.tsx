interface Props {
  values: number[] | undefined
  label: string
  width?: number
  height?: number
}

/** A trend at a glance: no axes, its own scale. */
export function Sparkline({ values, label, width = 96, height = 22 }: Props) {
  const known = values?.filter(Number.isFinite) ?? []
  if (known.length < 2) return <span className="muted">—</span>
  const low = Math.min(...known)
  const span = Math.max(...known) - low || 1
  const points = known
    .map((value, index) => `${((index / (known.length - 1)) * (width - 2) + 1).toFixed(1)},${(height - 3 - ((value - low) / span) * (height - 6)).toFixed(1)}`)
    .join(' ')
  return (
    <svg width={width} height={height} role="img" aria-label={label}>
      <polyline points={points} fill="none" stroke="var(--accent)" strokeWidth="1.4" strokeLinejoin="round" />
    </svg>
  )
}
