import { Button, Skeleton } from 'antd'
import type { ReactNode } from 'react'
import { ApiError, NOT_JSON, UNREACHABLE } from '../api/http'
import { useText } from '../i18n'

/** The four states of anything that is fetched, besides having it. */

export function Loading({ rows = 4 }: { rows?: number }) {
  const t = useText()
  return (
    <div aria-busy role="status" aria-label={t('state.loading')}>
      <Skeleton active title={false} paragraph={{ rows }} />
    </div>
  )
}

interface EmptyProps {
  title: string
  hint?: ReactNode
  action?: ReactNode
}

export function Empty({ title, hint, action }: EmptyProps) {
  return (
    <div className="empty">
      <h3>{title}</h3>
      {hint && <p>{hint}</p>}
      {action && <div className="act">{action}</div>}
    </div>
  )
}

export function Failure({ error, retry }: { error: Error; retry?: (() => unknown) | undefined }) {
  const t = useText()
  const api = error instanceof ApiError ? error : undefined
  if (api?.status === 403) return <Empty title={t('state.forbidden')} hint={<>{error.message}<br />{t('state.forbiddenHint')}</>} />
  return (
    <div className="empty" role="alert">
      <h3>{api?.status === 404 ? t('state.notFound') : t('state.failed')}</h3>
      <ErrorWords error={error} />
      {retry && (
        <div className="act">
          <Button onClick={() => retry()}>{t('action.retry')}</Button>
        </div>
      )}
    </div>
  )
}

/** Message, causes and hint of an error, in words. */
export function ErrorWords({ error }: { error: Error }) {
  const t = useText()
  const api = error instanceof ApiError ? error : undefined
  if (api?.reason === UNREACHABLE) return <p>{t('error.unreachable')}</p>
  if (api?.reason === NOT_JSON) return <p>{t('error.notJson', { address: api.message })}</p>
  const causes = (api?.causes ?? []).filter((cause) => cause.message && !error.message.includes(cause.message))
  return (
    <>
      <p className="anywhere">{error.message}</p>
      {causes.map((cause) => (
        <p key={`${cause.field}${cause.message}`}>
          {cause.field && <span className="mono">{cause.field}: </span>}
          {cause.message}
        </p>
      ))}
      {api?.hint && <p>{api.hint}</p>}
    </>
  )
}

interface Fetched<T> {
  data: T | undefined
  error: Error | null
  isPending: boolean
  refetch?: () => unknown
}

/** Shows what was fetched, or says why not. */
export function Await<T>({ of, rows, children }: { of: Fetched<T>; rows?: number; children: (data: T) => ReactNode }) {
  if (of.data !== undefined) return children(of.data)
  if (of.error) return <Failure error={of.error} retry={of.refetch} />
  return <Loading {...(rows && { rows })} />
}
