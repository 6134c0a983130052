import { MenuOutlined } from '@ant-design/icons'
import { Button, Drawer } from 'antd'
import { Suspense, useState } from 'react'
import { Link, useLocation } from 'react-router'
import type { Session } from '../api/session'
import { Boundary } from '../components/Boundary'
import { Loading } from '../components/States'
import { useText } from '../i18n'
import { Pages } from '../routes'
import { FrameProvider } from './context'
import { FilterChips } from './FilterChips'
import { Language } from './Language'
import { Mark } from './Mark'
import { Navigation } from './Navigation'
import { Person } from './Person'
import { Running } from './Running'
import { Search } from './Search'
import { Switcher } from './Switcher'
import { TimeRange } from './TimeRange'

export function Frame({ session }: { session: Session }) {
  const t = useText()
  const { pathname } = useLocation()
  return (
    <FrameProvider session={session}>
      <a className="skip" href="#content">{t('frame.skip')}</a>
      <div className="frame">
        <aside className="sidebar fixed">
          <div>
            <Link to="/" className="brand"><Mark /> dais</Link>
            <Navigation />
          </div>
        </aside>
        <div style={{ minWidth: 0 }}>
          <Topbar />
          <main className="content" id="content" tabIndex={-1}>
            <FilterChips className="below" />
            <Boundary address={pathname}>
              <Suspense fallback={<Loading rows={8} />}>
                <Pages />
              </Suspense>
            </Boundary>
          </main>
        </div>
      </div>
    </FrameProvider>
  )
}

function Topbar() {
  const t = useText()
  const [open, setOpen] = useState(false)
  return (
    <header className="topbar">
      <Button className="menu-button" type="text" icon={<MenuOutlined />} aria-label={t('frame.menu')} onClick={() => setOpen(true)} />
      <Drawer open={open} onClose={() => setOpen(false)} placement="left" size={240} title={<span className="row"><Mark /> dais</span>}
        styles={{ body: { padding: '4px 12px 24px' } }}>
        <Navigation onChoose={() => setOpen(false)} />
      </Drawer>
      <Switcher />
      <Search />
      <div className="grow" />
      <FilterChips className="beside" />
      <TimeRange />
      <Running />
      <span className="wide-only"><Language signedIn /></span>
      <Person />
    </header>
  )
}
