import { DeleteOutlined, FileAddOutlined, FolderOpenOutlined, PlusOutlined } from '@ant-design/icons'
import { Button, Checkbox, Form, Input, Select, Upload } from 'antd'
import { useMemo, useRef } from 'react'
import { uploadCode } from '../../api/algorithms'
import { ENVIRONMENTS } from '../../api/kinds'
import { useList } from '../../api/useKube'
import { Card } from '../../components/Card'
import { useAct } from '../../components/useAct'
import { useLanguage, useText } from '../../i18n'
import { schemaOf, type AlgorithmDraft } from './draft'
import { fieldsOf } from './schema'
import { SchemaFields } from './SchemaFields'
import { entriesOf, tar } from './tar'

const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const AMOUNT = /^\d+(\.\d+)?m?$/
const BYTES = /^\d+(\.\d+)?([KMGT]i?)?$/

/** What it is called, what it runs and where. */
export function ProgramFields({ project, named }: { project: string; named: boolean }) {
  const t = useText()
  const environments = useList(ENVIRONMENTS, { namespace: project, live: 15_000 })
  const required = { required: true, message: t('form.required') }
  const optional = t('form.optional')
  return (
    <Card title={t('algorithms.what')}>
      <div className="grid" style={{ rowGap: 0 }}>
        <Form.Item className="span-6" name="name" label={t('field.name')} rules={[required, { pattern: NAME, message: t('form.name') }]}><Input autoComplete="off" placeholder="forest" disabled={named} /></Form.Item>
        <Form.Item className="span-6" name="title" label={`${t('algorithms.title')} (${optional})`}><Input autoComplete="off" maxLength={100} /></Form.Item>
        <Form.Item className="span-12" name="description" label={`${t('algorithms.description')} (${optional})`}><Input.TextArea autoSize={{ minRows: 2 }} maxLength={4000} /></Form.Item>
        <Form.Item className="span-12" name="command" label={t('algorithms.command')} extra={t('algorithms.commandHint')} rules={[required]}><Input.TextArea className="mono" autoSize spellCheck={false} /></Form.Item>
        <Form.Item className="span-6" name="bundle" label={t('algorithms.code')} extra={t('algorithms.codeHint')}><CodeField project={project} /></Form.Item>
        <Form.Item className="span-6" name="environment" label={t('jobs.environment')}><Select allowClear placeholder={t('jobs.hostEnvironment')} options={environments.data?.map(({ metadata }) => ({ value: metadata.name, label: metadata.name })) ?? []} /></Form.Item>
        {named && <Form.Item className="span-12" name="why" label={`${t('algorithms.why')} (${optional})`}><Input autoComplete="off" maxLength={500} /></Form.Item>}
      </div>
    </Card>
  )
}

interface CodeFieldProps {
  project: string
  value?: string
  onChange?: (bundle: string) => void
}

/** A code bundle out of chosen files. */
function CodeField({ project, value, onChange }: CodeFieldProps) {
  const t = useText()
  const { busy, act } = useAct()
  const sent = useRef<File[]>(undefined)
  const take = (files: File[]) => {
    // It is told of each file; all of them come at once.
    if (sent.current === files) return
    sent.current = files
    const entries = entriesOf(files)
    void act(async () => onChange?.(await uploadCode(project, tar(entries))), t('algorithms.codeUploaded', { count: entries.length }))
  }
  const upload = (folder: boolean) => (
    <Upload multiple directory={folder} showUploadList={false} disabled={busy} beforeUpload={(_file, files) => { take(files); return false }}>
      <Button loading={busy} icon={folder ? <FolderOpenOutlined /> : <FileAddOutlined />}>{t(folder ? 'algorithms.codeFolder' : 'algorithms.codeFiles')}</Button>
    </Upload>
  )
  return (
    <div className="stack tight">
      <div className="row wrap">{upload(true)}{upload(false)}</div>
      {value && <span className="mono small">{value.slice(0, 19)}…</span>}
    </div>
  )
}

/** What it reads, what it leaves, how much it needs. */
export function TakesFields() {
  const t = useText()
  return (
    <Card title={t('algorithms.inputs')} extra={<span className="muted small">{t('algorithms.inputsHint')}</span>}>
      <Form.List name="inputs">
        {(rows, { add, remove }) => (
          <div className="stack tight" style={{ marginBottom: 16 }}>
            {rows.map(({ key, name }) => (
              <div className="row wrap" key={key}>
                <Form.Item name={[name, 'name']} style={{ margin: 0, width: 160 }} rules={[{ required: true, message: t('form.required') }, { pattern: NAME, message: t('form.name') }]}><Input className="mono" aria-label={t('algorithms.inputName')} placeholder="data" autoComplete="off" /></Form.Item>
                <Form.Item name={[name, 'description']} style={{ margin: 0, flex: 1, minWidth: 140 }}><Input aria-label={t('algorithms.inputAbout')} placeholder={t('algorithms.inputAbout')} autoComplete="off" /></Form.Item>
                <Form.Item name={[name, 'optional']} valuePropName="checked" style={{ margin: 0 }}><Checkbox>{t('form.optional')}</Checkbox></Form.Item>
                <Button type="text" icon={<DeleteOutlined />} aria-label={t('action.delete')} onClick={() => remove(name)} />
              </div>
            ))}
            <div><Button size="small" icon={<PlusOutlined />} onClick={() => add({})}>{t('algorithms.addInput')}</Button></div>
          </div>
        )}
      </Form.List>
      <div className="grid" style={{ rowGap: 0 }}>
        <Form.Item className="span-4" name="model" label={`${t('algorithms.model')} (${t('form.optional')})`}><Input autoComplete="off" /></Form.Item>
        <Form.Item className="span-4" name="cpu" label={t('field.cpu')} rules={[{ pattern: AMOUNT, message: t('jobs.cpuHint') }]}><Input placeholder="2" /></Form.Item>
        <Form.Item className="span-4" name="memory" label={t('field.memory')} rules={[{ pattern: BYTES, message: t('jobs.memoryHint') }]}><Input placeholder="4Gi" /></Form.Item>
      </div>
    </Card>
  )
}

/** The schema as it is written, and as people see it. */
export function SchemaCard() {
  const t = useText()
  const { language } = useLanguage()
  const [preview] = Form.useForm()
  const text = Form.useWatch<AlgorithmDraft['schema']>('schema')
  const drawn = useMemo(() => {
    try {
      return fieldsOf(schemaOf(text), language)
    } catch {
      return undefined
    }
  }, [text, language])
  const check = (_rule: unknown, value: string | undefined) => {
    try {
      schemaOf(value)
      return Promise.resolve()
    } catch (cause) {
      return Promise.reject(cause as Error)
    }
  }
  return (
    <Card title={t('algorithms.schema')}>
      <div className="grid">
        <Form.Item className="span-6" name="schema" label="YAML" extra={t('algorithms.schemaHint')} rules={[{ validator: check }]}><Input.TextArea className="mono" autoSize={{ minRows: 12 }} spellCheck={false} /></Form.Item>
        <div className="span-6">
          <p className="muted">{t('algorithms.preview')}</p>
          {drawn && (
            <Form component={false} form={preview} layout="vertical" requiredMark={false}>
              <SchemaFields drawn={drawn} at="preview" />
            </Form>
          )}
        </div>
      </div>
    </Card>
  )
}
