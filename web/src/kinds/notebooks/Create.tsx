import { Button, Form, Input, InputNumber, Select } from 'antd'
import { Link, useNavigate } from 'react-router'
import { useCan } from '../../api/access'
import type { Cause } from '../../api/http'
import { useReferences } from '../../api/datasets'
import { ENVIRONMENTS, NOTEBOOKS } from '../../api/kinds'
import { create } from '../../api/kube'
import { useList } from '../../api/useKube'
import { Card } from '../../components/Card'
import { Notice } from '../../components/Notice'
import { PageHead } from '../../components/PageHead'
import { Empty, ErrorWords } from '../../components/States'
import { useSubmit } from '../../components/useSubmit'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { notebookOf, type NotebookDraft } from './draft'

const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const JUPYTERLAB = 'jupyterlab'
const FIELDS: Record<string, string> = { idleSeconds: 'idle', resources: 'cpu' }

/** The field of the form that the API speaks of. */
function placeOf({ field = '' }: Cause): string | undefined {
  const [, name] = /^(?:metadata|spec)\.(\w+)/.exec(field) ?? []
  return name && (FIELDS[name] ?? name)
}

export function NotebookCreate() {
  const t = useText()
  const project = useProject()
  const navigate = useNavigate()
  const [form] = Form.useForm<NotebookDraft>()
  const { busy, refusal, submit } = useSubmit(form, placeOf)
  const may = useCan('create', NOTEBOOKS, project)
  const send = async (draft: NotebookDraft) => {
    if (await submit(() => create(NOTEBOOKS, notebookOf(draft, project)))) void navigate(at(project, 'notebooks', draft.name))
  }
  if (may === false) return <Empty title={t('state.forbidden')} hint={t('state.forbiddenHint')} />
  return (
    <div style={{ maxWidth: 860 }}>
      <PageHead title={t('notebook.new')} crumb={<Link to={at(project, 'notebooks')}>{t('nav.notebooks')}</Link>} />
      <Form<NotebookDraft> form={form} layout="vertical" requiredMark={false} scrollToFirstError onFinish={(draft) => void send(draft)}>
        <div className="stack">
          <ProgramFields project={project} />
          <RoomFields />
          {refusal && <Notice tone="error" title={t('notebook.refused')}><ErrorWords error={refusal.error} /></Notice>}
          <div className="row">
            <Button type="primary" htmlType="submit" loading={busy}>{t('action.create')}</Button>
            <Link to={at(project, 'notebooks')}><Button>{t('action.cancel')}</Button></Link>
          </div>
        </div>
      </Form>
    </div>
  )
}

/** What it finds: packages and data. */
function ProgramFields({ project }: { project: string }) {
  const t = useText()
  const environments = useList(ENVIRONMENTS, { namespace: project })
  const environment = Form.useWatch<string | undefined>('environment')
  const able = (environments.data ?? []).filter(({ status }) => status?.packages?.some(({ name }) => name === JUPYTERLAB))
  const references = useReferences(project)
  return (
    <Card>
      <div className="grid" style={{ rowGap: 0 }}>
        <Form.Item className="span-6" name="name" label={t('field.name')} rules={[{ required: true, message: t('form.required') }, { pattern: NAME, message: t('form.name') }]}><Input autoComplete="off" placeholder="work" /></Form.Item>
        <Form.Item className="span-6" name="environment" label={`${t('notebook.environment')} (${t('form.optional')})`} extra={t('notebook.environmentHint')}>
          <Select allowClear placeholder={t('notebook.ownEnvironment')} options={able.map(({ metadata }) => ({ value: metadata.name, label: metadata.name }))} />
        </Form.Item>
        {!environment && (
          <Form.Item className="span-6" name="requirements" label={`${t('notebook.requirements')} (${t('form.optional')})`} extra={t('notebook.requirementsHint')}>
            <Input.TextArea className="mono" rows={4} spellCheck={false} placeholder={'pandas\nmatplotlib\nmlflow'} />
          </Form.Item>
        )}
        <Form.Item className="span-6" name="datasets" label={`${t('nav.datasets')} (${t('form.optional')})`} extra={t('notebook.datasetsHint')}>
          <Select mode="multiple" options={references.map((one) => ({ value: one, label: one }))} />
        </Form.Item>
      </div>
    </Card>
  )
}

/** How much it gets, and for how long. */
function RoomFields() {
  const t = useText()
  return (
    <Card title={t('jobs.resources')}>
      <div className="grid" style={{ rowGap: 0 }}>
        <Form.Item className="span-4" name="cpu" label={t('field.cpu')} extra={t('jobs.cpuHint')} rules={[{ pattern: /^\d+(\.\d+)?m?$/, message: t('jobs.cpuHint') }]}><Input placeholder="2" /></Form.Item>
        <Form.Item className="span-4" name="memory" label={t('field.memory')} extra={t('jobs.memoryHint')} rules={[{ pattern: /^\d+(\.\d+)?([KMGT]i?)?$/, message: t('jobs.memoryHint') }]}><Input placeholder="4Gi" /></Form.Item>
        <Form.Item className="span-4" name="accelerators" label={t('field.accelerators')}><InputNumber min={0} precision={0} style={{ width: '100%' }} /></Form.Item>
        <Form.Item className="span-4" name="storage" label={t('notebook.storage')} extra={t('notebook.storageHint')} rules={[{ pattern: /^\d+(\.\d+)?([KMGT]i?)?$/, message: t('jobs.memoryHint') }]}><Input placeholder="10Gi" /></Form.Item>
        <Form.Item className="span-4" name="idle" label={t('notebook.idle')} extra={t('notebook.idleHint')}><InputNumber min={0} placeholder="60" style={{ width: '100%' }} /></Form.Item>
      </div>
    </Card>
  )
}
