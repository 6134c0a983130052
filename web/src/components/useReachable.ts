import { useEffect, type RefObject } from 'react'

/** Lets people who have no pointer scroll Ant Design's tables, and keeps them out of the row that it measures columns with. */
export function useReachable(box: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    for (const row of box.current?.querySelectorAll<HTMLElement>('.ant-table-measure-row') ?? []) row.inert = true
    const content = box.current?.querySelector<HTMLElement>('.ant-table-content')
    if (!content) return undefined
    const watch = new ResizeObserver(() => {
      if (content.scrollWidth > content.clientWidth) content.tabIndex = 0
      else content.removeAttribute('tabindex')
    })
    watch.observe(content)
    if (content.firstElementChild) watch.observe(content.firstElementChild)
    return () => watch.disconnect()
  })
}
