import type { ReactNode } from 'react'
import type { Tone } from './tone'

/** Something that a person should read before the rest of the page. */
export function Notice({ tone, title, children }: { tone: Tone; title?: string; children?: ReactNode }) {
  return (
    <div className={`notice tone-${tone}`} role={tone === 'error' ? 'alert' : 'status'}>
      <span className="dot" aria-hidden />
      <div style={{ minWidth: 0 }}>
        {title && <div className="strong">{title}</div>}
        {children && <div className={title ? 'muted' : ''}>{children}</div>}
      </div>
    </div>
  )
}
