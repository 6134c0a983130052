import type { ReactNode } from 'react'

interface Props {
  title?: ReactNode
  extra?: ReactNode
  className?: string
  children: ReactNode
}

export function Card({ title, extra, className = '', children }: Props) {
  return (
    <section className={`card ${className}`}>
      {(title !== undefined || extra !== undefined) && (
        <div className="card-head">
          <h2>{title}</h2>
          {extra !== undefined && <div className="card-extra">{extra}</div>}
        </div>
      )}
      {children}
    </section>
  )
}
