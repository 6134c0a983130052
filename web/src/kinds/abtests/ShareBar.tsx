import { portion } from './words'
import { useTints } from './useTints'

interface Part {
  name: string
  /** Out of 1. */
  share: number
}

interface Props {
  parts: Part[]
  label: string
  /** With the name and the share of each below. */
  named?: boolean
}

/** How something is shared out between the variants. */
export function ShareBar({ parts, label, named = false }: Props) {
  const tint = useTints()
  const said = parts.map(({ name, share }) => `${name} ${portion(share)}`).join(', ')
  return (
    <div className="split">
      <div className="split-bar" role="img" aria-label={`${label}: ${said}`} title={said}>
        {parts.map(({ name, share }, index) => <i key={`${index} ${name}`} style={{ width: `${share * 100}%`, background: tint(index) }} />)}
      </div>
      {named && (
        <div className="keys" aria-hidden>
          {parts.map(({ name, share }, index) => <span key={`${index} ${name}`} className="anywhere"><i style={{ background: tint(index) }} />{name || '—'} <span className="numbers">{portion(share)}</span></span>)}
        </div>
      )}
    </div>
  )
}
