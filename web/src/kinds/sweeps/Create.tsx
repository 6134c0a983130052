import { Button, Form } from 'antd'
import { useRef, useState } from 'react'
import { Link, useNavigate } from 'react-router'
import { useCan } from '../../api/access'
import { ApiError } from '../../api/http'
import { SWEEPS } from '../../api/kinds'
import { create } from '../../api/kube'
import { Notice } from '../../components/Notice'
import { PageHead } from '../../components/PageHead'
import { Empty, ErrorWords } from '../../components/States'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { ProgramFields, ResourceFields, ResultFields } from '../jobs/fields'
import { argumentsOf, SchemaOf } from '../jobs/SchemaOf'
import { TurnFields } from '../jobs/TurnFields'
import { BLANK, placeOf, sweepOf, type SweepDraft } from './draft'
import { AlgorithmFields, ObjectiveFields, ParameterFields } from './fields'

export function SweepCreate() {
  const t = useText()
  const project = useProject()
  const navigate = useNavigate()
  const [form] = Form.useForm<SweepDraft>()
  const [error, setError] = useState<Error | null>(null)
  const [busy, setBusy] = useState(false)
  const may = useCan('create', SWEEPS, project)
  const schemaNow = useRef<unknown>(undefined)
  const submit = async (draft: SweepDraft) => {
    setBusy(true)
    setError(null)
    try {
      const made = await create(SWEEPS, sweepOf({ ...draft, arguments: argumentsOf(form) }, project, schemaNow.current))
      void navigate(at(project, 'sweeps', made.metadata.name))
    } catch (cause) {
      setError(cause as Error)
      setBusy(false)
      for (const { field, message } of cause instanceof ApiError ? cause.causes : []) {
        const name = placeOf(field)
        if (name) form.setFields([{ name: name === 'command' ? form.getFieldValue('program') : name, errors: [message] }])
      }
    }
  }
  if (may === false) return <Empty title={t('state.forbidden')} hint={t('state.forbiddenHint')} />
  return (
    <div style={{ maxWidth: 980 }}>
      <PageHead title={t('sweeps.new')} crumb={<Link to={at(project, 'sweeps')}>{t('nav.sweeps')}</Link>} />
      <Form<SweepDraft> form={form} layout="vertical" requiredMark={false} scrollToFirstError initialValues={BLANK} onFinish={(draft) => void submit(draft)}>
        <div className="stack">
          <ProgramFields project={project} />
          <SchemaOf project={project} take={(schema) => { schemaNow.current = schema }} />
          <ParameterFields project={project} />
          <ObjectiveFields project={project} />
          <AlgorithmFields />
          <ResourceFields />
          <TurnFields project={project} />
          <ResultFields project={project} />
          {error && <Notice tone="error" title={t('sweeps.refused')}><ErrorWords error={error} /></Notice>}
          <div className="row">
            <Button type="primary" htmlType="submit" loading={busy}>{t('sweeps.start')}</Button>
            <Link to={at(project, 'sweeps')}><Button>{t('action.cancel')}</Button></Link>
          </div>
        </div>
      </Form>
    </div>
  )
}
