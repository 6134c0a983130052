import { Button } from 'antd'
import { useEffect, useRef } from 'react'
import { useText } from '../../i18n'

/** The end of a list: the next page is fetched when it comes near. */
export function More({ more, loading }: { more: (() => void) | undefined; loading: boolean }) {
  const t = useText()
  const own = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const element = own.current
    if (!element || !more) return
    const watcher = new IntersectionObserver(([seen]) => seen?.isIntersecting && more(), { root: element.closest('.log'), rootMargin: '600px 0px' })
    watcher.observe(element)
    return () => watcher.disconnect()
  }, [more])
  return (
    <div ref={own} className="log-end muted">
      {more ? <Button size="small" loading={loading} onClick={more}>{t('explorer.older')}</Button> : t('explorer.noOlder')}
    </div>
  )
}
