import { useEffect, useState, type ReactNode } from 'react'

interface Props {
  title: string
  /** What is chosen, said while it is folded too. */
  said: ReactNode
  /** True opens it, whatever a person did: something inside is wrong. */
  open: boolean
  children: ReactNode
}

/** A card of a form that most people leave alone. */
export function Folded({ title, said, open, children }: Props) {
  const [unfolded, unfold] = useState(open)
  useEffect(() => {
    if (open) unfold(true)
  }, [open])
  return (
    <details className="card folded" open={unfolded} onToggle={(event) => unfold(event.currentTarget.open)}>
      <summary><h2>{title}</h2><span className="muted numbers">{said}</span></summary>
      <div className="folded-body">{children}</div>
    </details>
  )
}
