import { Button, Form, Modal, Select, Switch } from 'antd'
import { useRef, useState } from 'react'
import { FORMATS, importTasks, type LabelFormat } from '../../api/labeling'
import { Notice } from '../../components/Notice'
import { ErrorWords } from '../../components/States'
import { useText } from '../../i18n'
import { bytes, number } from '../../i18n/format'

interface Fields { format: LabelFormat; gold: boolean }
type Taken = Awaited<ReturnType<typeof importTasks>>

/** Tasks of other tools, with what models said of them, or with known answers. */
export function ImportTasks({ project, work, kind }: { project: string; work: string; kind: string }) {
  const t = useText()
  const [form] = Form.useForm<Fields>()
  const [open, setOpen] = useState(false)
  const [file, setFile] = useState<File>()
  const [busy, setBusy] = useState(false)
  const [taken, setTaken] = useState<Taken>()
  const [error, setError] = useState<Error>()
  const input = useRef<HTMLInputElement>(null)
  const shapes = kind === 'imageBoxes' || kind === 'imagePolygons'
  const forget = () => { setTaken(undefined); setError(undefined) }
  const send = async ({ format, gold }: Fields) => {
    if (!file) return
    setBusy(true)
    forget()
    try {
      setTaken(await importTasks(project, work, format, gold ? 'gold' : 'prediction', file))
    } catch (cause) {
      setError(cause as Error)
    } finally {
      setBusy(false)
    }
  }
  return (
    <>
      <Button onClick={() => { forget(); setFile(undefined); setOpen(true) }}>{t('labeling.import')}</Button>
      <Modal open={open} onCancel={() => setOpen(false)} title={t('labeling.import')} okText={t('labeling.import')} cancelText={t('action.cancel')} confirmLoading={busy} okButtonProps={{ disabled: !file }} onOk={() => form.submit()} destroyOnHidden>
        <Form<Fields> form={form} layout="vertical" requiredMark={false} initialValues={{ format: shapes ? 'coco' : 'label-studio', gold: false }} onFinish={(fields) => void send(fields)} style={{ marginTop: 16 }}>
          <Form.Item name="format" label={t('labeling.format')}><Select options={FORMATS.filter((one) => shapes || (one !== 'coco' && one !== 'yolo')).map((one) => ({ value: one, label: one }))} /></Form.Item>
          <div className="row" style={{ marginBottom: 16 }}>
            <input ref={input} type="file" hidden aria-label={t('labeling.chooseFile')} onChange={(event) => { setFile(event.target.files?.[0]); event.target.value = ''; forget() }} />
            <Button onClick={() => input.current?.click()}>{t('labeling.chooseFile')}</Button>
            {file && <span className="mono anywhere">{file.name} · {bytes(file.size)}</span>}
          </div>
          <Form.Item name="gold" label={t('labeling.asGold')} extra={t('labeling.asGoldHint')} valuePropName="checked"><Switch /></Form.Item>
        </Form>
        {error && <Notice tone="error" title={t('labeling.notImported')}><ErrorWords error={error} /></Notice>}
        {taken && (
          <Notice tone="success" title={t('labeling.imported', { count: number(taken.new, 0), known: number(taken.known, 0) })}>
            {taken.lost.map(({ what, count }) => <div key={what}>{t('labeling.lost', { what, count })}</div>)}
          </Notice>
        )}
      </Modal>
    </>
  )
}
