import { App, Button, Form } from 'antd'
import { useState } from 'react'
import { Link, useNavigate, useParams } from 'react-router'
import { useCan } from '../../api/access'
import type { Algorithm } from '../../api/generated'
import { ALGORITHMS } from '../../api/kinds'
import { create, merge } from '../../api/kube'
import { useOne } from '../../api/useKube'
import { Notice } from '../../components/Notice'
import { PageHead } from '../../components/PageHead'
import { Empty, ErrorWords, Failure, Loading } from '../../components/States'
import { useSubmit } from '../../components/useSubmit'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { Gone } from '../../objects/Gone'
import { CAUSE } from '../applications/draft'
import { patchOf } from '../services/patch'
import { algorithmOf, BLANK, draftOf, placeOf, specOf, type AlgorithmDraft } from './draft'
import { ProgramFields, SchemaCard, TakesFields } from './fields'

export function AlgorithmCreate() {
  const project = useProject()
  const t = useText()
  const may = useCan('create', ALGORITHMS, project)
  if (may === false) return <Empty title={t('state.forbidden')} hint={t('state.forbiddenHint')} />
  return <AlgorithmForm project={project} />
}

/** A change of what it runs is its next version. */
export function AlgorithmEdit() {
  const t = useText()
  const project = useProject()
  const { name = '' } = useParams()
  const { data, error, missing, refetch } = useOne(ALGORITHMS, project, name)
  const may = useCan('patch', ALGORITHMS, project)
  if (may === false) return <Empty title={t('state.forbidden')} hint={t('state.forbiddenHint')} />
  if (missing) return <Gone name={name} back={at(project, 'algorithms')} label={t('nav.algorithms')} />
  if (!data) return error ? <Failure error={error} retry={refetch} /> : <Loading rows={8} />
  return <AlgorithmForm project={project} algorithm={data} />
}

function AlgorithmForm({ project, algorithm }: { project: string; algorithm?: Algorithm }) {
  const t = useText()
  const navigate = useNavigate()
  const { message } = App.useApp()
  const [form] = Form.useForm<AlgorithmDraft>()
  const { busy, refusal, submit } = useSubmit(form, placeOf)
  // What stood there when the form was opened: what others change meanwhile stays theirs.
  const [before] = useState(algorithm)
  const send = async (given: AlgorithmDraft) => {
    const draft = { ...BLANK, ...(before && draftOf(before)), ...given }
    const name = before?.metadata.name ?? draft.name
    const work = () => {
      if (!before) return create(ALGORITHMS, algorithmOf(draft, project))
      const metadata = { annotations: { [CAUSE]: draft.why || null } }
      return merge(ALGORITHMS, project, name, { metadata, spec: patchOf(before.spec, specOf(draft, before.spec)) })
    }
    if (!(await submit(work))) return
    if (before) void message.success(t('algorithms.saved'))
    void navigate(at(project, 'algorithms', name))
  }
  const back = before ? at(project, 'algorithms', before.metadata.name) : at(project, 'algorithms')
  return (
    <div style={{ maxWidth: 980 }}>
      <PageHead title={before ? t('algorithms.editOf', { name: before.metadata.name }) : t('algorithms.new')} crumb={<Link to={at(project, 'algorithms')}>{t('nav.algorithms')}</Link>} />
      <Form<AlgorithmDraft> form={form} layout="vertical" requiredMark={false} scrollToFirstError preserve initialValues={before ? draftOf(before) : BLANK} onFinish={(draft) => void send(draft)}>
        <div className="stack">
          <ProgramFields project={project} named={before !== undefined} />
          <TakesFields />
          <SchemaCard />
          {refusal && <Notice tone="error" title={t('algorithms.refused')}><ErrorWords error={refusal.error} /></Notice>}
          <div className="row">
            <Button type="primary" htmlType="submit" loading={busy}>{t(before ? 'action.save' : 'action.create')}</Button>
            <Link to={back}><Button>{t('action.cancel')}</Button></Link>
          </div>
        </div>
      </Form>
    </div>
  )
}
