import { Button, Modal, Progress } from 'antd'
import { useEffect, useRef, useState, type ChangeEvent } from 'react'
import { upload, type Chosen } from '../../api/data'
import { Notice } from '../../components/Notice'
import { ErrorWords } from '../../components/States'
import { useText } from '../../i18n'
import { bytes, number } from '../../i18n/format'

interface Props {
  project: string
  dataset: string
}

/** A folder or files of this computer, as the next version. */
export function Upload({ project, dataset }: Props) {
  const t = useText()
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button type="primary" onClick={() => setOpen(true)}>{t('upload.title')}</Button>
      <Modal open={open} onCancel={() => setOpen(false)} footer={null} title={t('upload.title')} destroyOnHidden>
        <Sender project={project} dataset={dataset} close={() => setOpen(false)} />
      </Modal>
    </>
  )
}

/** Paths inside the chosen folder, without the folder's own name. */
function chosenFrom(list: FileList | null): Chosen[] {
  return [...(list ?? [])].map((file) => ({ file, path: file.webkitRelativePath.split('/').slice(1).join('/') || file.name }))
}

function Sender({ project, dataset, close }: Props & { close: () => void }) {
  const t = useText()
  const [files, setFiles] = useState<Chosen[]>([])
  const [sent, setSent] = useState<number | null>(null)
  const [error, setError] = useState<Error | null>(null)
  const [done, setDone] = useState('')
  const life = useRef<AbortController | null>(null)
  useEffect(() => () => life.current?.abort(), [])
  const total = files.reduce((sum, { file }) => sum + file.size, 0)
  const choose = (event: ChangeEvent<HTMLInputElement>) => {
    setFiles(chosenFrom(event.target.files))
    setError(null)
  }
  const send = async () => {
    const running = new AbortController()
    life.current = running
    setSent(0)
    setError(null)
    try {
      const { version, created } = await upload(project, dataset, files, setSent, running.signal)
      setDone(created ? t('upload.made', { version }) : t('upload.same', { version }))
    } catch (cause) {
      if (!running.signal.aborted) setError(cause as Error)
      setSent(null)
    }
  }
  if (done) {
    return <div className="stack"><Notice tone="success" title={done} /><div><Button onClick={close}>{t('upload.close')}</Button></div></div>
  }
  return (
    <div className="stack" style={{ marginTop: 12 }}>
      <p className="muted">{t('upload.hint')}</p>
      <div className="row wrap">
        <Picker label={t('upload.folder')} folder choose={choose} />
        <Picker label={t('upload.files')} choose={choose} />
      </div>
      {files.length > 0 && <p className="numbers">{t('upload.chosen', { count: number(files.length, 0), size: bytes(total) })}</p>}
      {sent !== null && <Progress percent={total ? Math.round((sent / total) * 100) : 0} aria-label={t('upload.title')} />}
      {error && <Notice tone="error" title={t('state.failed')}><ErrorWords error={error} /></Notice>}
      <div><Button type="primary" disabled={files.length === 0} loading={sent !== null} onClick={() => void send()}>{t('upload.send')}</Button></div>
    </div>
  )
}

function Picker({ label, folder = false, choose }: { label: string; folder?: boolean; choose: (event: ChangeEvent<HTMLInputElement>) => void }) {
  const input = useRef<HTMLInputElement>(null)
  return (
    <>
      <input ref={input} type="file" multiple hidden aria-label={label} onChange={choose} {...(folder && { webkitdirectory: '' })} />
      <Button onClick={() => input.current?.click()}>{label}</Button>
    </>
  )
}
