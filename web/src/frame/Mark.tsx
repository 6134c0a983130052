/** Three stacked bars: a raised platform. */
export function Mark({ size = 26 }: { size?: number }) {
  return (
    <svg width={size} height={(size * 22) / 26} viewBox="0 0 26 22" aria-hidden>
      <rect x="8" y="1" width="10" height="5" rx="1.6" fill="var(--accelerator)" />
      <rect x="4" y="8.5" width="18" height="5" rx="1.6" fill="var(--accent)" opacity="0.75" />
      <rect x="0" y="16" width="26" height="5" rx="1.6" fill="var(--accent)" />
    </svg>
  )
}
