import type { Tone } from './tone'

interface Props {
  tone: Tone
  label: string
  busy?: boolean
  /** In the heading of a page: on a tinted ground. */
  tag?: boolean
}

/** A status is never a colour alone: the words say it. */
export function Status({ tone, label, busy = false, tag = false }: Props) {
  if (tag) return <span className={`tag tone-${tone}`}>{label}</span>
  return (
    <span className={`status tone-${tone}`}>
      <span className={`dot ${busy ? 'busy' : ''}`} aria-hidden />
      {label}
    </span>
  )
}
