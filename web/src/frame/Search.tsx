import { SearchOutlined } from '@ant-design/icons'
import { Input, Modal } from 'antd'
import { useEffect, useState, type KeyboardEvent } from 'react'
import { useNavigate } from 'react-router'
import { useText } from '../i18n'
import { useFindings } from './useFindings'

/** ⌘K: go to any page or object, or look in the logs. */
export function Search() {
  const t = useText()
  const [open, setOpen] = useState(false)
  useEffect(() => {
    const pressed = (event: globalThis.KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.metaKey || event.ctrlKey)) return
      event.preventDefault()
      setOpen((before) => !before)
    }
    addEventListener('keydown', pressed)
    return () => removeEventListener('keydown', pressed)
  }, [])
  const mac = navigator.platform.startsWith('Mac')
  return (
    <>
      <button type="button" className="searchbox" onClick={() => setOpen(true)}>
        <span className="row"><SearchOutlined /><span className="label truncate">{t('search.box')}</span></span>
        <span className="kbd">{mac ? '⌘K' : 'Ctrl K'}</span>
      </button>
      <Modal open={open} onCancel={() => setOpen(false)} footer={null} closable={false} title={null} destroyOnHidden style={{ top: 90 }}
        aria-label={t('search.title')}>
        <Results close={() => setOpen(false)} />
      </Modal>
    </>
  )
}

function Results({ close }: { close: () => void }) {
  const t = useText()
  const navigate = useNavigate()
  const [words, setWords] = useState('')
  const [place, setPlace] = useState(0)
  const found = useFindings(words)
  const chosen = Math.min(place, found.length - 1)
  const go = (to: string | undefined) => {
    if (!to) return
    close()
    void navigate(to)
  }
  const press = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (step === 0) return
    event.preventDefault()
    setPlace((chosen + step + found.length) % Math.max(1, found.length))
  }
  return (
    <>
      <Input autoFocus size="large" variant="borderless" prefix={<SearchOutlined />} placeholder={t('search.box')} aria-label={t('search.title')}
        role="combobox" aria-expanded aria-controls="search-results" aria-activedescendant={`search-${chosen}`}
        value={words} onChange={(event) => { setWords(event.target.value); setPlace(0) }} onKeyDown={press} onPressEnter={() => go(found[chosen]?.to)} />
      <div className="result-list" role="listbox" id="search-results" aria-label={t('search.results')}>
        {found.map((one, index) => (
          <button key={one.kind + one.to} id={`search-${index}`} type="button" role="option" aria-selected={index === chosen} tabIndex={-1} className="result"
            onMouseEnter={() => setPlace(index)} onClick={() => go(one.to)}>
            <span className="truncate">{one.label}</span>
            <span className="muted small">{one.kind}</span>
          </button>
        ))}
        {found.length === 0 && <p className="muted" style={{ padding: 12 }}>{t('search.nothing')}</p>}
      </div>
    </>
  )
}
