import { Button, Form } from 'antd'
import { Link, useNavigate } from 'react-router'
import { useCan } from '../../api/access'
import { APPLICATIONS } from '../../api/kinds'
import { create } from '../../api/kube'
import { PageHead } from '../../components/PageHead'
import { Empty } from '../../components/States'
import { useSubmit } from '../../components/useSubmit'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { applicationOf, FIRST, type Draft } from './draft'
import { ApplicationForm } from './Form'
import { placeOf } from './place'

export function ApplicationCreate() {
  const t = useText()
  const project = useProject()
  const navigate = useNavigate()
  const [form] = Form.useForm<Draft>()
  const { busy, refusal, submit } = useSubmit(form, placeOf)
  const may = useCan('create', APPLICATIONS, project)
  const send = async (draft: Draft) => {
    if (await submit(() => create(APPLICATIONS, applicationOf(draft, project)))) void navigate(at(project, 'applications', draft.name))
  }
  if (may === false) return <Empty title={t('state.forbidden')} hint={t('state.forbiddenHint')} />
  return (
    <div style={{ maxWidth: 860 }}>
      <PageHead title={t('app.new')} crumb={<Link to={at(project, 'applications')}>{t('nav.applications')}</Link>} />
      <ApplicationForm form={form} project={project} draft={FIRST} refusal={refusal} refused={t('app.refused')} send={send}>
        <div className="row">
          <Button type="primary" htmlType="submit" loading={busy}>{t('app.deploy')}</Button>
          <Link to={at(project, 'applications')}><Button>{t('action.cancel')}</Button></Link>
        </div>
      </ApplicationForm>
    </div>
  )
}
