import { Button, Input, Modal, Spin } from 'antd'
import { useEffect, useRef, useState } from 'react'
import { loadImages } from '../../api/images'
import { Notice } from '../../components/Notice'
import { ErrorWords } from '../../components/States'
import { useText } from '../../i18n'
import { bytes } from '../../i18n/format'

/** An archive of this computer, as images of the platform. */
export function Load({ loaded }: { loaded: () => void }) {
  const t = useText()
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button type="primary" onClick={() => setOpen(true)}>{t('images.load')}</Button>
      <Modal open={open} onCancel={() => setOpen(false)} footer={null} title={t('images.load')} destroyOnHidden mask={{ closable: false }}>
        <Sender done={() => { setOpen(false); loaded() }} />
      </Modal>
    </>
  )
}

function Sender({ done }: { done: () => void }) {
  const t = useText()
  const input = useRef<HTMLInputElement>(null)
  const [archive, setArchive] = useState<File>()
  const [name, setName] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<Error | null>(null)
  const life = useRef(new AbortController())
  useEffect(() => () => life.current.abort(), [])
  const send = async (file: File) => {
    const running = new AbortController()
    life.current = running
    setBusy(true)
    setError(null)
    try {
      await loadImages(file, name.trim(), running.signal)
      done()
    } catch (cause) {
      if (!running.signal.aborted) setError(cause as Error)
    } finally {
      setBusy(false)
    }
  }
  return (
    <div className="stack" style={{ marginTop: 12 }}>
      <p className="muted">{t('images.loadHint')}</p>
      <div className="row wrap">
        <input ref={input} type="file" hidden accept=".tar,.gz,.tgz,.zst" aria-label={t('images.archive')} onChange={(event) => { setArchive(event.target.files?.[0]); setError(null) }} />
        <Button disabled={busy} onClick={() => input.current?.click()}>{t('images.archive')}</Button>
        {archive && <span className="numbers anywhere"><span className="mono">{archive.name}</span> · {bytes(archive.size)}</span>}
      </div>
      <label className="stack">
        <span>{t('images.name')} <span className="muted">({t('form.optional')})</span></span>
        <Input value={name} disabled={busy} autoComplete="off" placeholder="shop/train:v1" onChange={(event) => setName(event.target.value)} />
      </label>
      {error && <Notice tone="error" title={t('state.failed')}><ErrorWords error={error} /></Notice>}
      {busy && <div className="row" role="status"><Spin size="small" /><span className="muted">{t('images.loading')}</span></div>}
      <div className="row">
        <Button type="primary" disabled={!archive || busy} onClick={() => archive && void send(archive)}>{t('images.loadNow')}</Button>
        {busy && <Button onClick={() => life.current.abort()}>{t('images.stop')}</Button>}
      </div>
    </div>
  )
}
