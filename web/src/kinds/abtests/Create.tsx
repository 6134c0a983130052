import { Button, Form, Input } from 'antd'
import { useState, type ReactNode } from 'react'
import { Link, useNavigate, useSearchParams } from 'react-router'
import { useCan } from '../../api/access'
import { AB_TESTS } from '../../api/kinds'
import { create } from '../../api/kube'
import { Card } from '../../components/Card'
import { Folded } from '../../components/Folded'
import { Notice } from '../../components/Notice'
import { PageHead } from '../../components/PageHead'
import { Empty, ErrorWords } from '../../components/States'
import { useSubmit } from '../../components/useSubmit'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { AnalysisFields, BanditFields, EndFields, ShadowFields } from './MoreFields'
import { AudienceFields, RampFields } from './AudienceFields'
import { BLANK, mayDecide, testOf, type TestDraft } from './draft'
import { MetricFields } from './MetricFields'
import { placeOf } from './places'
import { startingWith } from './start'
import { VariantFields } from './VariantFields'
import { ENGINE, untilWords } from './words'

const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

export function ABTestCreate() {
  const t = useText()
  const project = useProject()
  const navigate = useNavigate()
  const [search] = useSearchParams()
  const [form] = Form.useForm<TestDraft>()
  const whole = () => form.getFieldsValue(true) as TestDraft
  const { busy, refusal, submit } = useSubmit(form, (cause) => placeOf(whole(), cause))
  const [wrong, setWrong] = useState<string[]>([])
  const may = useCan('create', AB_TESTS, project)
  const send = async () => {
    const test = testOf(whole(), project)
    if (await submit(() => create(AB_TESTS, test))) void navigate(at(project, 'abtests', test.metadata.name))
  }
  if (may === false) return <Empty title={t('state.forbidden')} hint={t('state.forbiddenHint')} />
  const found = [...wrong, ...(refusal?.fields ?? [])]
  return (
    <div style={{ maxWidth: 980 }}>
      <PageHead title={t('abtests.new')} crumb={<Link to={at(project, 'abtests')}>{t('nav.abtests')}</Link>} />
      <Form<TestDraft> form={form} layout="vertical" requiredMark={false} scrollToFirstError preserve initialValues={startingWith(search)}
        onFinishFailed={({ errorFields }) => setWrong(errorFields.map(({ name }) => String(name[0])))} onFinish={() => void send()}>
        <div className="stack">
          <Card>
            <div className="grid" style={{ rowGap: 0 }}>
              <Form.Item className="span-6" name="name" label={t('field.name')} extra={t('abtests.nameHint')} rules={[{ required: true, message: t('form.required') }, { pattern: NAME, message: t('form.name') }]}><Input autoComplete="off" placeholder="digits-test" /></Form.Item>
            </div>
          </Card>
          <VariantFields project={project} />
          <AudienceFields project={project} />
          <MetricFields project={project} />
          <Parts project={project} wrong={found} />
          {refusal && <Notice tone="error" title={t('abtests.notAccepted')}><ErrorWords error={refusal.error} /></Notice>}
          <div className="row">
            <Button type="primary" htmlType="submit" loading={busy}>{t('abtests.start')}</Button>
            <Link to={at(project, 'abtests')}><Button>{t('action.cancel')}</Button></Link>
          </div>
        </div>
      </Form>
    </div>
  )
}

const FIELDS: Record<'ramp' | 'analysis' | 'end' | 'bandit' | 'shadow', (keyof TestDraft)[]> = {
  ramp: ['ramp', 'exclude', 'salt'],
  analysis: ['engine', 'chanceToWin', 'alpha', 'power', 'minSubjects', 'tuning', 'window'],
  end: ['decided', 'endTime', 'endSubjects', 'endRequests'],
  bandit: ['weights', 'every', 'minPercent', 'banditSubjects'],
  shadow: ['shadow', 'shadowService', 'shadowModel', 'shadowPercent', 'tolerance', 'ignore'],
}

/** What most people leave as it is, folded, with what is chosen. */
function Parts({ project, wrong }: { project: string; wrong: string[] }) {
  const t = useText()
  const form = Form.useFormInstance<TestDraft>()
  const draft = (Form.useWatch((values: TestDraft) => values, { form, preserve: true }) as TestDraft | undefined) ?? BLANK
  const { ramp = [], engine = 'frequentist', decided, endTime, endSubjects, endRequests, weights = 'fixed', shadow } = draft
  const until = { decided: decided && mayDecide({ engine, weights }), ...(endTime && { time: endTime }), ...(endSubjects && { subjects: endSubjects }), ...(endRequests && { requests: endRequests }) }
  const part = (of: keyof typeof FIELDS, title: string, said: ReactNode, fields: ReactNode) => (
    <Folded title={title} said={said} open={FIELDS[of].some((one) => wrong.includes(one))}>{fields}</Folded>
  )
  return (
    <>
      {part('ramp', t('abtests.ramp'), ramp.length > 0 ? [...ramp.map((one) => `${one?.percent ?? 0}%`), '100%'].join(' → ') : t('abtests.allAtOnce'), <RampFields />)}
      {part('analysis', t('abtests.analysis'), t(ENGINE[engine]), <AnalysisFields />)}
      {part('end', t('abtests.ends'), untilWords(t, until, (time) => time), <EndFields />)}
      {part('bandit', t('abtests.bandit'), t(weights === 'bandit' ? 'abtests.following' : 'abtests.fixed'), <BanditFields />)}
      {part('shadow', t('abtests.shadow'), t(shadow === 'nobody' || !shadow ? 'abtests.nobody' : shadow === 'model' ? 'abtests.aVersion' : 'abtests.aService'), <ShadowFields project={project} />)}
    </>
  )
}
