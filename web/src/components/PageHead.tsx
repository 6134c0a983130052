import { useEffect, type ReactNode } from 'react'

interface Props {
  title: string
  status?: ReactNode
  facts?: ReactNode[]
  actions?: ReactNode
  crumb?: ReactNode
}

/** Name, status, facts, actions: the head of every page, and the window's title. */
export function PageHead({ title, status, facts = [], actions, crumb }: Props) {
  useEffect(() => {
    document.title = `${title} · dais`
  }, [title])
  const shown = facts.filter((fact) => fact !== undefined && fact !== null && fact !== false && fact !== '')
  return (
    <header className="page-head">
      <div style={{ minWidth: 0 }}>
        {crumb && <div className="crumb">{crumb}</div>}
        <div className="row wrap" style={{ gap: '4px 14px' }}>
          <h1>{title}</h1>
          {status}
          {shown.length > 0 && (
            <span className="page-facts numbers">
              {shown.map((fact, index) => (
                // The facts of a page keep their order.
                // oxlint-disable-next-line react/no-array-index-key
                <span key={index}>{fact}</span>
              ))}
            </span>
          )}
        </div>
      </div>
      {actions && <div className="row wrap">{actions}</div>}
    </header>
  )
}
