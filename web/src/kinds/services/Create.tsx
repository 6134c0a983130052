import { Button, Form } from 'antd'
import { Link, useNavigate, useSearchParams } from 'react-router'
import { useCan } from '../../api/access'
import { INFERENCE_SERVICES } from '../../api/kinds'
import { create } from '../../api/kube'
import { PageHead } from '../../components/PageHead'
import { Empty } from '../../components/States'
import { useSubmit } from '../../components/useSubmit'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { FIRST, placeOf, serviceOf, type Draft } from './draft'
import { ServiceForm } from './Form'

export function ServiceCreate() {
  const t = useText()
  const project = useProject()
  const navigate = useNavigate()
  const [search] = useSearchParams()
  const [form] = Form.useForm<Draft>()
  const { busy, refusal, submit } = useSubmit(form, placeOf)
  const may = useCan('create', INFERENCE_SERVICES, project)
  const model = search.get('model') ?? ''
  const name = /^models:\/([^/@]+)/.exec(model)?.[1]?.toLowerCase().replace(/[^a-z0-9-]+/g, '-')
  const send = async (draft: Draft) => {
    if (await submit(() => create(INFERENCE_SERVICES, serviceOf(draft, project)))) void navigate(at(project, 'services', draft.name))
  }
  if (may === false) return <Empty title={t('state.forbidden')} hint={t('state.forbiddenHint')} />
  return (
    <div style={{ maxWidth: 860 }}>
      <PageHead title={t('services.new')} crumb={<Link to={at(project, 'services')}>{t('nav.services')}</Link>} />
      <ServiceForm form={form} project={project} draft={{ ...FIRST, model, ...(name && { name }) }} refusal={refusal} refused={t('services.refused')} send={send}>
        <div className="row">
          <Button type="primary" htmlType="submit" loading={busy}>{t('services.deploy')}</Button>
          <Link to={at(project, 'services')}><Button>{t('action.cancel')}</Button></Link>
        </div>
      </ServiceForm>
    </div>
  )
}
