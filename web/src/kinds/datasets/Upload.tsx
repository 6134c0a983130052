import { Button, Modal, Progress, Switch } from 'antd'
import { useRef, useState, type ChangeEvent } from 'react'
import { Notice } from '../../components/Notice'
import { ErrorWords } from '../../components/States'
import { useText } from '../../i18n'
import { bytes, number } from '../../i18n/format'
import { archiveOf, type Chosen, type Failed } from './sending'
import { useSender } from './useSender'

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
      <Modal open={open} onCancel={() => setOpen(false)} footer={null} title={t('upload.title')} destroyOnHidden mask={{ closable: false }}>
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
  const [unpack, setUnpack] = useState(true)
  const { busy, sent, failed, error, done, send, forget } = useSender(project, dataset)
  const total = files.reduce((sum, { file }) => sum + file.size, 0)
  const archive = archiveOf(files)
  const choose = (event: ChangeEvent<HTMLInputElement>) => {
    setFiles(chosenFrom(event.target.files))
    // The same file may be chosen again after it was changed.
    event.target.value = ''
    forget()
  }
  if (done) {
    const title = t(done.created ? 'upload.made' : 'upload.same', { version: done.version })
    return <div className="stack"><Notice tone="success" title={title} /><div><Button onClick={close}>{t('upload.close')}</Button></div></div>
  }
  const begun = failed.length > 0
  const unpacks = archive !== undefined && unpack
  return (
    <div className="stack" style={{ marginTop: 12 }}>
      <p className="muted">{t('upload.hint')}</p>
      <div className="row wrap">
        <Picker label={t('upload.folder')} folder disabled={busy} choose={choose} />
        <Picker label={t('upload.files')} disabled={busy} choose={choose} />
      </div>
      {files.length > 0 && <p className="numbers anywhere">{files.length === 1 && <span className="mono">{files[0]?.path} · </span>}{t('upload.chosen', { count: number(files.length, 0), size: bytes(total) })}</p>}
      {archive && (
        <div>
          <label className="row"><Switch checked={unpack} disabled={busy} onChange={(on) => { setUnpack(on); forget() }} aria-label={t('upload.unpack')} />{t('upload.unpack')}</label>
          <p className="muted small">{t('upload.unpackHint')}</p>
        </div>
      )}
      {sent && (
        <div>
          <Progress percent={total ? Math.round((sent.bytes / total) * 100) : 0} status={busy ? 'active' : 'normal'} aria-label={t('upload.title')} />
          <p className="muted small numbers">{t('upload.sent', { files: number(sent.files, 0), of: number(files.length, 0) })}</p>
        </div>
      )}
      {begun && <Failures failed={failed} goesOn={!unpacks} />}
      {error && <Notice tone="error" title={t('state.failed')}><ErrorWords error={error} /></Notice>}
      <div>
        <Button type="primary" disabled={files.length === 0} loading={busy} onClick={() => void send(files, unpacks)}>{t(!begun ? 'upload.send' : unpacks ? 'action.retry' : 'upload.again')}</Button>
      </div>
    </div>
  )
}

/** So many are named; the rest is counted. */
const NAMED = 5

function Failures({ failed, goesOn }: { failed: Failed[]; goesOn: boolean }) {
  const t = useText()
  return (
    <Notice tone="error" title={t('upload.failed', { count: failed.length })}>
      <ul className="lines">
        {failed.slice(0, NAMED).map(({ path, error }) => <li key={path}><span className="mono">{path}</span><ErrorWords error={error} /></li>)}
      </ul>
      {failed.length > NAMED && <p>{t('datasets.more', { count: failed.length - NAMED })}</p>}
      {goesOn && <p>{t('upload.goesOn')}</p>}
    </Notice>
  )
}

interface PickerProps {
  label: string
  folder?: boolean
  disabled: boolean
  choose: (event: ChangeEvent<HTMLInputElement>) => void
}

function Picker({ label, folder = false, disabled, choose }: PickerProps) {
  const input = useRef<HTMLInputElement>(null)
  return (
    <>
      <input ref={input} type="file" multiple hidden aria-label={label} onChange={choose} {...(folder && { webkitdirectory: '' })} />
      <Button disabled={disabled} onClick={() => input.current?.click()}>{label}</Button>
    </>
  )
}
