import { useEffect, type RefObject } from 'react'

/** Lets people who have no pointer scroll Ant Design's tables. `shown`: there is one. */
export function useReachable(box: RefObject<HTMLElement | null>, shown: boolean): void {
  useEffect(() => {
    const content = shown && box.current?.querySelector<HTMLElement>('.ant-table-content')
    if (!content) return undefined
    const watch = new ResizeObserver(() => {
      if (content.scrollWidth > content.clientWidth) content.tabIndex = 0
      else content.removeAttribute('tabindex')
    })
    watch.observe(content)
    if (content.firstElementChild) watch.observe(content.firstElementChild)
    return () => watch.disconnect()
  }, [box, shown])
}
