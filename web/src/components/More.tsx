import { Button } from 'antd'
import { useText } from '../i18n'
import type { ReactNode } from 'react'

interface Props {
  of: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => Promise<unknown> }
  /** How much is shown. */
  children?: ReactNode
}

/** Below a list that has more than it shows. */
export function More({ of, children }: Props) {
  const t = useText()
  if (!of.hasNextPage && !children) return null
  return (
    <div className="row wrap more">
      {children && <span className="muted small numbers">{children}</span>}
      {of.hasNextPage && <Button size="small" loading={of.isFetchingNextPage} onClick={() => void of.fetchNextPage()}>{t('table.more')}</Button>}
    </div>
  )
}
