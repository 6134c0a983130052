import { DeleteOutlined, StarOutlined } from '@ant-design/icons'
import { Button, Input, Popover } from 'antd'
import { useState } from 'react'
import { ErrorWords } from '../../components/States'
import { useText } from '../../i18n'
import { useSaved } from './saved'
import type { LogSearch } from './useSearch'

/** Searches under a name, to come back to. */
export function SavedSearches({ search }: { search: LogSearch }) {
  const t = useText()
  const { saved, error, save, forget } = useSaved()
  const [open, setOpen] = useState(false)
  const [name, setName] = useState('')
  const keep = () => {
    if (!name.trim()) return
    save({ name: name.trim(), search: search.address })
    setName('')
  }
  const content = (
    <div className="stack tight" style={{ width: 300 }}>
      {saved.map((one) => (
        <div key={one.name} className="row spread">
          <button type="button" className="plain truncate" onClick={() => { search.open(one.search); setOpen(false) }}>{one.name}</button>
          <Button type="text" size="small" icon={<DeleteOutlined />} aria-label={t('explorer.forget', { name: one.name })} onClick={() => forget(one.name)} />
        </div>
      ))}
      {error ? <ErrorWords error={error} /> : saved.length === 0 && <span className="muted">{t('explorer.noneSaved')}</span>}
      <div className="row">
        <Input size="small" value={name} maxLength={80} placeholder={t('explorer.saveName')} aria-label={t('explorer.saveName')} onChange={(event) => setName(event.target.value)} onPressEnter={keep} />
        <Button size="small" type="primary" disabled={!name.trim()} onClick={keep}>{t('action.save')}</Button>
      </div>
      <span className="muted small">{t('explorer.savedWhere')}</span>
    </div>
  )
  return (
    <Popover content={content} trigger="click" placement="bottomRight" open={open} onOpenChange={setOpen}>
      <Button icon={<StarOutlined />}>{t('explorer.saved')}</Button>
    </Popover>
  )
}
