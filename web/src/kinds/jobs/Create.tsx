import { Button, Form } from 'antd'
import { useRef, useState } from 'react'
import { Link, useNavigate, useSearchParams } from 'react-router'
import { useCan } from '../../api/access'
import { ApiError } from '../../api/http'
import { TRAINING_JOBS } from '../../api/kinds'
import { create } from '../../api/kube'
import { Notice } from '../../components/Notice'
import { PageHead } from '../../components/PageHead'
import { Empty, ErrorWords } from '../../components/States'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { jobOf, placeOf, type Draft } from './draft'
import { argumentsOf, SchemaOf } from './SchemaOf'
import { ProgramFields, ResourceFields, ResultFields } from './fields'
import { TurnFields } from './TurnFields'

export function JobCreate() {
  const t = useText()
  const project = useProject()
  const navigate = useNavigate()
  const [form] = Form.useForm<Draft>()
  const [search] = useSearchParams()
  const [algorithm, version] = (search.get('algorithm') ?? '').split('@').map((word) => word || undefined)
  const schemaNow = useRef<unknown>(undefined)
  const [error, setError] = useState<Error | null>(null)
  const [busy, setBusy] = useState(false)
  const may = useCan('create', TRAINING_JOBS, project)
  const submit = async (draft: Draft) => {
    setBusy(true)
    setError(null)
    try {
      const made = await create(TRAINING_JOBS, jobOf({ ...draft, arguments: argumentsOf(form) }, project, schemaNow.current))
      void navigate(at(project, 'jobs', made.metadata.name))
    } catch (cause) {
      setError(cause as Error)
      setBusy(false)
      if (!(cause instanceof ApiError)) return
      for (const { field, message } of cause.causes) {
        const name = placeOf(field)
        if (name) form.setFields([{ name: name === 'command' ? form.getFieldValue('program') : name, errors: [message] }])
      }
    }
  }
  if (may === false) return <Empty title={t('state.forbidden')} hint={t('state.forbiddenHint')} />
  return (
    <div style={{ maxWidth: 860 }}>
      <PageHead title={t('jobs.new')} crumb={<Link to={at(project, 'jobs')}>{t('nav.jobs')}</Link>} />
      <Form<Draft> form={form} layout="vertical" requiredMark={false} scrollToFirstError
        initialValues={{ program: algorithm ? 'algorithm' : 'command', algorithmName: algorithm, algorithmVersion: version, parameters: [], datasets: search.getAll('dataset') }} onFinish={(draft) => void submit(draft)}>
        <div className="stack">
          <ProgramFields project={project} />
          <SchemaOf project={project} take={(schema) => { schemaNow.current = schema }} />
          <ResourceFields />
          <TurnFields project={project} />
          <ResultFields project={project} />
          {error && <Notice tone="error" title={t('jobs.refused')}><ErrorWords error={error} /></Notice>}
          <div className="row">
            <Button type="primary" htmlType="submit" loading={busy}>{t('jobs.start')}</Button>
            <Link to={at(project, 'jobs')}><Button>{t('action.cancel')}</Button></Link>
          </div>
        </div>
      </Form>
    </div>
  )
}
