import { AutoComplete, Button, Form, Input, InputNumber } from 'antd'
import { useState } from 'react'
import { Link, useNavigate, useSearchParams } from 'react-router'
import { useCan } from '../../api/access'
import type { InferenceService } from '../../api/generated'
import { ApiError } from '../../api/http'
import { INFERENCE_SERVICES } from '../../api/kinds'
import { create } from '../../api/kube'
import { Card } from '../../components/Card'
import { Notice } from '../../components/Notice'
import { PageHead } from '../../components/PageHead'
import { Empty, ErrorWords } from '../../components/States'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { REFERENCE, useReferences } from './useReferences'

interface Draft {
  name: string
  model: string
  replicas: number
  cpu?: string
  memory?: string
  application?: string
}
const PLACES: [RegExp, keyof Draft][] = [
  [/^metadata\.name/, 'name'], [/^spec\.model/, 'model'], [/^spec\.replicas/, 'replicas'],
  [/^spec\.resources.*memory/, 'memory'], [/^spec\.resources/, 'cpu'], [/^spec\.application/, 'application'],
]

function serviceOf(draft: Draft, project: string): InferenceService {
  const limits = { ...(draft.cpu && { cpu: draft.cpu }), ...(draft.memory && { memory: draft.memory }) }
  return {
    apiVersion: 'dais.io/v1alpha1', kind: 'InferenceService', metadata: { name: draft.name, namespace: project },
    spec: {
      model: draft.model, replicas: draft.replicas,
      ...(Object.keys(limits).length && { resources: { limits, requests: limits } }),
      ...(draft.application && { application: draft.application }),
    },
  }
}

export function ServiceCreate() {
  const t = useText()
  const project = useProject()
  const navigate = useNavigate()
  const [search] = useSearchParams()
  const [form] = Form.useForm<Draft>()
  const [error, setError] = useState<Error | null>(null)
  const [busy, setBusy] = useState(false)
  const may = useCan('create', INFERENCE_SERVICES, project)
  const references = useReferences(project)
  const model = search.get('model') ?? ''
  const submit = async (draft: Draft) => {
    setBusy(true)
    setError(null)
    try {
      await create(INFERENCE_SERVICES, serviceOf(draft, project))
      void navigate(at(project, 'services', draft.name))
    } catch (cause) {
      setError(cause as Error)
      setBusy(false)
      for (const { field, message } of cause instanceof ApiError ? cause.causes : []) {
        const name = PLACES.find(([pattern]) => pattern.test(field ?? ''))?.[1]
        if (name) form.setFields([{ name, errors: [message] }])
      }
    }
  }
  if (may === false) return <Empty title={t('state.forbidden')} hint={t('state.forbiddenHint')} />
  const required = { required: true, message: t('form.required') }
  return (
    <div style={{ maxWidth: 720 }}>
      <PageHead title={t('services.new')} crumb={<Link to={at(project, 'services')}>{t('nav.services')}</Link>} />
      <Form<Draft> form={form} layout="vertical" requiredMark={false} scrollToFirstError onFinish={(draft) => void submit(draft)}
        initialValues={{ model, name: /^models:\/([^/@]+)/.exec(model)?.[1]?.toLowerCase().replace(/[^a-z0-9-]+/g, '-'), replicas: 1 }}>
        <div className="stack">
          <Card>
            <Form.Item name="model" label={t('jobs.model')} extra={t('services.modelHint')} rules={[required, { pattern: REFERENCE, message: t('services.modelHint') }]}>
              <AutoComplete options={references} placeholder="models:/digits/3" showSearch={{ filterOption: true }} />
            </Form.Item>
            <Form.Item name="name" label={t('field.name')} rules={[required, { pattern: /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, message: t('form.name') }]}>
              <Input autoComplete="off" />
            </Form.Item>
            <div className="grid" style={{ rowGap: 0 }}>
              <Form.Item className="span-3" name="replicas" label={t('services.replicas')}><InputNumber min={0} max={1000} style={{ width: '100%' }} /></Form.Item>
              <Form.Item className="span-3" name="cpu" label={t('field.cpu')} rules={[{ pattern: /^\d+(\.\d+)?m?$/, message: t('jobs.cpuHint') }]}><Input placeholder="1" /></Form.Item>
              <Form.Item className="span-3" name="memory" label={t('field.memory')} rules={[{ pattern: /^\d+(\.\d+)?([KMGT]i?)?$/, message: t('jobs.memoryHint') }]}><Input placeholder="512Mi" /></Form.Item>
              <Form.Item className="span-3" name="application" label={t('field.application')}><Input /></Form.Item>
            </div>
          </Card>
          {error && <Notice tone="error" title={t('services.refused')}><ErrorWords error={error} /></Notice>}
          <div className="row">
            <Button type="primary" htmlType="submit" loading={busy}>{t('services.deploy')}</Button>
            <Link to={at(project, 'services')}><Button>{t('action.cancel')}</Button></Link>
          </div>
        </div>
      </Form>
    </div>
  )
}
