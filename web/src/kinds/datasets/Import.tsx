import { Button, Form, Input, Modal, Segmented } from 'antd'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { useCan } from '../../api/access'
import { TRAINING_JOBS } from '../../api/kinds'
import { create } from '../../api/kube'
import { Notice } from '../../components/Notice'
import { ErrorWords } from '../../components/States'
import { useSubmit } from '../../components/useSubmit'
import { at } from '../../frame/useProject'
import { useText, type MessageKey } from '../../i18n'
import { importJob, wrongAddress, type From, type Import } from './importing'

interface Props {
  project: string
  dataset: string
}

/** What lies elsewhere, as the next version: fetched by a job, whose page shows how far it is. */
export function ImportVersion({ project, dataset }: Props) {
  const t = useText()
  const [open, setOpen] = useState(false)
  const may = useCan('create', TRAINING_JOBS, project)
  if (!may) return null
  return (
    <>
      <Button onClick={() => setOpen(true)}>{t('import.title')}</Button>
      <Modal open={open} onCancel={() => setOpen(false)} footer={null} title={t('import.title')} destroyOnHidden>
        <ImportForm project={project} dataset={dataset} />
      </Modal>
    </>
  )
}

const FROM: Record<From, { label: MessageKey; keys: MessageKey }> = {
  web: { label: 'import.web', keys: 'import.webKeys' },
  s3: { label: 'import.s3', keys: 'import.s3Keys' },
  sql: { label: 'import.sql', keys: 'import.sqlKeys' },
}
const EXAMPLE: Record<From, string> = { web: 'https://data.example/digits.csv', s3: 's3://raw/2026/', sql: 'postgres://reader@db.example/shop' }

function ImportForm({ project, dataset }: Props) {
  const t = useText()
  const navigate = useNavigate()
  const [form] = Form.useForm<Import>()
  const from = Form.useWatch('from', form) ?? 'web'
  const { busy, refusal, submit } = useSubmit(form, () => undefined)
  const send = async (draft: Import) => {
    let job = ''
    if (await submit(async () => { job = (await create(TRAINING_JOBS, importJob(project, dataset, draft))).metadata.name })) void navigate(at(project, 'jobs', job))
  }
  const required = [{ required: true, whitespace: true, message: t('form.required') }]
  return (
    <Form<Import> form={form} layout="vertical" requiredMark={false} initialValues={{ from: 'web', address: '', file: 'rows.csv' }} onFinish={(draft) => void send(draft)} style={{ marginTop: 12 }}>
      <p className="muted">{t('import.hint')}</p>
      <Form.Item name="from">
        <Segmented aria-label={t('import.from')} options={(['web', 's3', 'sql'] as const).map((value) => ({ value, label: t(FROM[value].label) }))} />
      </Form.Item>
      <Form.Item name="address" label={t(from === 'web' ? 'import.addresses' : 'import.address')} rules={[{
        validator: (_rule, address: string) => {
          const wrong = wrongAddress({ from, address })
          return wrong ? Promise.reject(new Error(t(wrong, { example: EXAMPLE[from] }))) : Promise.resolve()
        },
      }]}>
        {from === 'web' ? <Input.TextArea className="mono" autoSize={{ minRows: 2, maxRows: 8 }} placeholder={EXAMPLE.web} spellCheck={false} /> : <Input className="mono" placeholder={EXAMPLE[from]} autoComplete="off" spellCheck={false} />}
      </Form.Item>
      {from === 's3' && <Form.Item name="endpoint" label={`${t('import.endpoint')} (${t('form.optional')})`} extra={t('import.endpointHint')}><Input className="mono" placeholder="https://s3.example" autoComplete="off" /></Form.Item>}
      {from === 'sql' && (
        <>
          <Form.Item name="query" label={t('import.query')} rules={required}><Input.TextArea className="mono" autoSize={{ minRows: 3, maxRows: 12 }} placeholder="SELECT * FROM sales" spellCheck={false} /></Form.Item>
          <Form.Item name="file" label={t('import.file')} rules={required}><Input className="mono" autoComplete="off" /></Form.Item>
        </>
      )}
      <Form.Item name="secret" label={`${t('import.secret')} (${t('form.optional')})`} extra={t(FROM[from].keys)}><Input className="mono" autoComplete="off" /></Form.Item>
      {refusal && <Notice tone="error" title={t('jobs.refused')}><ErrorWords error={refusal.error} /></Notice>}
      <Button type="primary" htmlType="submit" loading={busy}>{t('import.start')}</Button>
    </Form>
  )
}
