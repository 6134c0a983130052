import { Button, Input, Modal } from 'antd'
import { useEffect, useRef, useState } from 'react'
import type { LabelingProject } from '../../api/generated'
import { taskFile } from '../../api/labeling'
import { Card } from '../../components/Card'
import { Notice } from '../../components/Notice'
import { Empty, ErrorWords, Failure, Loading } from '../../components/States'
import { useText, type MessageKey } from '../../i18n'
import { isEnough, keysOf } from './answer'
import { Suggestion } from './Suggestion'
import { Labels, press, Surface } from './Surface'
import { useDesk, type Saved } from './useDesk'

const SAVED: Record<Saved, MessageKey> = { saved: 'labeling.saved', saving: 'labeling.saving', unsaved: 'labeling.saving' }

/** One task after the other, with the keyboard alone where one likes. */
export function Work({ project, work }: { project: string; work: LabelingProject }) {
  const t = useText()
  const { config } = work.spec
  const desk = useDesk(project, work.metadata.name, config.kind)
  const [label, choose] = useState<string>()
  const [asking, setAsking] = useState(false)
  const table = useRef<HTMLDivElement>(null)
  const { held, answer, change } = desk
  const enough = isEnough(answer, config)
  const submit = () => { if (enough) desk.submit() }

  // The keys work wherever on the page one is, but for fields that are typed into.
  const keys = useRef<(event: KeyboardEvent) => void>(() => undefined)
  useEffect(() => {
    keys.current = (event) => {
      const typed = event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement
      if (typed || asking || !held || event.altKey || event.metaKey) return
      const on = event.target instanceof HTMLButtonElement || event.target instanceof HTMLAnchorElement
      const found = event.ctrlKey ? undefined : keysOf(config).find((one) => one.key && one.key.toLowerCase() === event.key.toLowerCase())
      if (event.ctrlKey && event.key.toLowerCase() === 'z') desk.back()
      else if (event.key === 'Enter' && event.shiftKey) setAsking(true)
      else if (event.key === 'Enter' && !on) submit()
      else if (found) press(found.label, { config, answer, change, choose })
      else return
      event.preventDefault()
    }
  })
  useEffect(() => {
    const listen = (event: KeyboardEvent) => keys.current(event)
    window.addEventListener('keydown', listen)
    return () => window.removeEventListener('keydown', listen)
  }, [])
  const number = held?.task.task
  useEffect(() => { table.current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus({ preventScroll: true }) }, [number])

  if (held === undefined) return desk.error ? <Failure error={desk.error} retry={desk.again} /> : <Loading rows={6} />
  if (held === null) return <Card><Empty title={t('labeling.nothing')} hint={t('labeling.nothingHint')} action={<Button onClick={desk.again}>{t('action.retry')}</Button>} /></Card>
  const suggested = held.task.predictions?.[0]
  const surface = { config, answer, change, label, choose }
  return (
    <div className="labeling-desk">
      <Card>
        {held.turn.comment && <div className="notices"><Notice tone="warning" title={t('labeling.returned')}>{held.turn.comment}</Notice></div>}
        {desk.error && <div className="notices"><Notice tone="error" title={t('labeling.refused')}><ErrorWords error={desk.error} /></Notice></div>}
        <div ref={table}><Surface key={held.task.task} {...surface} task={held.task} image={taskFile(project, work.metadata.name, held.task.task)} /></div>
      </Card>
      <Card title={t('labeling.taskNumber', { task: held.task.task })} extra={<span className="muted small" role="status">{t(SAVED[desk.saved])}</span>}>
        <div className="stack tight">
          <Labels {...surface} />
          {suggested && <Suggestion of={suggested} answer={answer} take={change} />}
          <div className="row wrap">
            <Button type="primary" disabled={!enough} loading={desk.busy} onClick={submit}>{t('labeling.submit')} <kbd>↵</kbd></Button>
            <Button onClick={() => setAsking(true)}>{t('labeling.skip')} <kbd>⇧↵</kbd></Button>
            <Button onClick={desk.back}>{t('labeling.undo')} <kbd>Ctrl Z</kbd></Button>
          </div>
          <p className="muted small">{t(HELP[config.kind])}</p>
          {config.instructions && <details className="labeling-help" open><summary>{t('labeling.instructions')}</summary><p className="pre anywhere">{config.instructions}</p></details>}
          <p className="muted small anywhere">{held.task.key}</p>
        </div>
      </Card>
      <Skip open={asking} close={() => setAsking(false)} act={desk.skip} />
    </div>
  )
}

const HELP: Record<LabelingProject['spec']['config']['kind'], MessageKey> = {
  imageClassification: 'labeling.helpChoices',
  textClassification: 'labeling.helpChoices',
  preference: 'labeling.helpChoices',
  imageBoxes: 'labeling.helpBoxes',
  imagePolygons: 'labeling.helpPolygons',
  textSpans: 'labeling.helpSpans',
}

function Skip({ open, close, act }: { open: boolean; close: () => void; act: (reason: string) => void }) {
  const t = useText()
  const [reason, setReason] = useState('')
  const done = () => {
    if (!reason.trim()) return
    act(reason.trim())
    setReason('')
    close()
  }
  return (
    <Modal open={open} onCancel={close} onOk={done} okButtonProps={{ disabled: !reason.trim() }} okText={t('labeling.skip')} cancelText={t('action.cancel')} title={t('labeling.skipWhy')} destroyOnHidden>
      <Input autoFocus value={reason} maxLength={1000} aria-label={t('labeling.skipWhy')} onChange={(event) => setReason(event.target.value)} onPressEnter={done} />
    </Modal>
  )
}
