interface Props {
  /** Each of 1: where it begins, how wide and how high it is, and what it says. */
  bars: { left: number; width: number; height: number; said: string }[]
  label: string
  width?: number
  height?: number
}

/** How values are spread, at a glance: no axes; each bar says its own range. */
export function Histogram({ bars, label, width = 160, height = 32 }: Props) {
  return (
    <svg className="spread-bars" width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
      {bars.map(({ left, width: share, height: high, said }) => {
        const tall = high > 0 ? Math.max(1.5, high * (height - 2)) : 0
        return (
          <rect key={left} x={left * width} y={height - 1 - tall} width={Math.max(1, share * width - 1)} height={tall} fill="var(--accent)">
            <title>{said}</title>
          </rect>
        )
      })}
      <line x1={0} x2={width} y1={height - 0.5} y2={height - 0.5} stroke="var(--line)" />
    </svg>
  )
}
