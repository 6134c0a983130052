import { Tabs as AntTabs, type TabsProps } from 'antd'
import { useEffect, useRef } from 'react'

/** Parts of a page. */
export function Tabs(props: TabsProps) {
  const box = useRef<HTMLDivElement>(null)
  // A list of tabs has tabs and nothing else in it (WAI-ARIA 1.2, tablist); Ant Design's has
  // the menu of those that do not fit as well.
  useEffect(() => {
    for (const nav of box.current?.querySelectorAll('.ant-tabs-nav[role=tablist]') ?? []) {
      const list = nav.querySelector('.ant-tabs-nav-list')
      for (const name of ['role', 'aria-orientation']) {
        const value = nav.getAttribute(name)
        if (value !== null) list?.setAttribute(name, value)
        nav.removeAttribute(name)
      }
    }
  })
  return <div ref={box}><AntTabs {...props} /></div>
}
