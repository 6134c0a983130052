import { AutoComplete, Button, Form, Input, InputNumber, Segmented, Select, Switch } from 'antd'
import { useState } from 'react'
import { Link, useNavigate } from 'react-router'
import { useCan } from '../../api/access'
import type { Cause } from '../../api/http'
import { useReferences } from '../../api/datasets'
import { LABELING_PROJECTS } from '../../api/kinds'
import { create } from '../../api/kube'
import { Card } from '../../components/Card'
import { Notice } from '../../components/Notice'
import { PageHead } from '../../components/PageHead'
import { Empty, ErrorWords } from '../../components/States'
import { useSubmit, type Place } from '../../components/useSubmit'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { BLANK, fromYaml, projectOf, toYaml, type LabelingDraft } from './draft'
import { LabelFields } from './LabelFields'
import { PolicyFields } from './PolicyFields'
import { KIND, KINDS } from './words'

const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

/** The field of the form that the API speaks of. */
function placeOf({ field = '' }: Cause): Place | undefined {
  const label = /^spec\.config\.labels\[(\d+)\]\.(\w+)/.exec(field)
  if (label) return ['labels', Number(label[1]), label[2] ?? 'name']
  const [, name] = /^(?:metadata|spec)(?:\.config|\.policy)?\.(\w+)/.exec(field) ?? []
  return name
}

export function LabelingCreate() {
  const t = useText()
  const project = useProject()
  const navigate = useNavigate()
  const [form] = Form.useForm<LabelingDraft>()
  const { busy, refusal, submit } = useSubmit(form, placeOf)
  const may = useCan('create', LABELING_PROJECTS, project)
  const references = useReferences(project)
  const [written, setWritten] = useState<string>()
  const [wrong, setWrong] = useState('')
  const whole = (): LabelingDraft => ({ ...BLANK, ...(form.getFieldsValue(true) as LabelingDraft) })
  const read = (text: string): boolean => {
    setWritten(text)
    try {
      form.setFieldsValue(fromYaml(text))
      setWrong('')
      return true
    } catch (cause) {
      setWrong((cause as Error).message)
      return false
    }
  }
  const send = async () => {
    if (written !== undefined && !read(written)) return
    const work = projectOf(whole(), project)
    if (await submit(() => create(LABELING_PROJECTS, work))) void navigate(at(project, 'labeling', work.metadata.name))
  }
  if (may === false) return <Empty title={t('state.forbidden')} hint={t('state.forbiddenHint')} />
  const names = references.map((value) => ({ value }))
  return (
    <div style={{ maxWidth: 980 }}>
      <PageHead title={t('labeling.new')} crumb={<Link to={at(project, 'labeling')}>{t('nav.labeling')}</Link>} />
      <Form<LabelingDraft> form={form} layout="vertical" requiredMark={false} scrollToFirstError preserve initialValues={BLANK} onFinish={() => void send()}>
        <div className="stack">
          <Card>
            <div className="grid" style={{ rowGap: 0 }}>
              <Form.Item className="span-6" name="name" label={t('field.name')} rules={[{ required: true, message: t('form.required') }, { pattern: NAME, message: t('form.name') }]}><Input autoComplete="off" placeholder="reviews" /></Form.Item>
              <Form.Item className="span-6" name="dataset" label={t('labeling.dataset')} extra={t('labeling.datasetHint')} rules={[{ required: true, message: t('form.required') }]}><AutoComplete options={names} showSearch={{ filterOption: true }} placeholder="reviews@v1" /></Form.Item>
              <Form.Item className="span-6" name="files" label={`${t('labeling.files')} (${t('form.optional')})`} extra={t('labeling.filesHint')}><Input autoComplete="off" placeholder="images/*.png" /></Form.Item>
            </div>
          </Card>
          <Card title={t('labeling.config')} extra={
            <Segmented aria-label={t('labeling.config')} size="small" value={written === undefined ? 'form' : 'yaml'} options={[{ value: 'form', label: t('labeling.asForm') }, { value: 'yaml', label: 'YAML' }]}
              onChange={(way) => { if (way === 'yaml') setWritten(toYaml(whole())); else if (read(written ?? '')) setWritten(undefined) }} />
          }>
            {written === undefined ? <ConfigFields /> : (
              <Form.Item label="YAML" htmlFor="labeling-yaml" validateStatus={wrong ? 'error' : ''} help={wrong || undefined}>
                <Input.TextArea id="labeling-yaml" className="mono" value={written} autoSize={{ minRows: 8 }} spellCheck={false} onChange={(event) => read(event.target.value)} />
              </Form.Item>
            )}
          </Card>
          <Card title={t('labeling.policy')}>
            <PolicyFields />
          </Card>
          {refusal && <Notice tone="error" title={t('labeling.notAccepted')}><ErrorWords error={refusal.error} /></Notice>}
          <div className="row">
            <Button type="primary" htmlType="submit" loading={busy}>{t('action.create')}</Button>
            <Link to={at(project, 'labeling')}><Button>{t('action.cancel')}</Button></Link>
          </div>
        </div>
      </Form>
    </div>
  )
}

/** What people are asked. */
function ConfigFields() {
  const t = useText()
  const kind = Form.useWatch('kind', { preserve: true }) as LabelingDraft['kind'] | undefined
  const isChoice = kind === 'textClassification' || kind === 'imageClassification'
  const isText = kind === 'textClassification' || kind === 'textSpans' || kind === 'preference'
  return (
    <div className="grid" style={{ rowGap: 0 }}>
      <Form.Item className="span-6" name="kind" label={t('labeling.kind')}><Select options={KINDS.map((one) => ({ value: one, label: t(KIND[one]) }))} /></Form.Item>
      {isText && <Form.Item className="span-6" name="fields" label={`${t('labeling.fields')} (${t('form.optional')})`} extra={t(kind === 'preference' ? 'labeling.fieldsTwo' : 'labeling.fieldsHint')}><Input autoComplete="off" placeholder={kind === 'preference' ? 'left, right' : 'text'} /></Form.Item>}
      {isChoice && <Form.Item className="span-6" name="several" label={t('labeling.several')} valuePropName="checked"><Switch /></Form.Item>}
      {kind === 'preference' && <Form.Item className="span-6" name="ties" label={t('labeling.ties')} valuePropName="checked"><Switch /></Form.Item>}
      {kind !== 'preference' && (
        <>
          <Form.Item className="span-3" name="minimum" label={`${t('labeling.minimum')} (${t('form.optional')})`}><InputNumber min={0} max={1000} precision={0} style={{ width: '100%' }} /></Form.Item>
          <Form.Item className="span-3" name="maximum" label={`${t('labeling.maximum')} (${t('form.optional')})`}><InputNumber min={1} max={1000} precision={0} style={{ width: '100%' }} /></Form.Item>
        </>
      )}
      {kind !== 'preference' && (
        <div className="span-12">
          <LabelFields />
        </div>
      )}
      <Form.Item className="span-12" name="instructions" label={`${t('labeling.instructions')} (${t('form.optional')})`}><Input.TextArea rows={3} /></Form.Item>
    </div>
  )
}
