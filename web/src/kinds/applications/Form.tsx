import { Form, Input, type FormInstance } from 'antd'
import { useState, type ReactNode } from 'react'
import { Card } from '../../components/Card'
import { Notice } from '../../components/Notice'
import { Part } from '../../components/Part'
import { ErrorWords } from '../../components/States'
import type { Refusal } from '../../components/useSubmit'
import { useText, type MessageKey } from '../../i18n'
import { CountFields, ResourceFields } from '../services/CountFields'
import { stepsOf } from '../services/draft'
import { TakeoverFields } from '../services/MoreFields'
import type { Draft } from './draft'
import { HealthFields } from './HealthFields'
import { PortFields } from './PortFields'
import { ProgramFields } from './ProgramFields'
import { ScheduleFields } from './ScheduleFields'
import { VariableFields } from './VariableFields'
import { VolumeFields } from './VolumeFields'

interface Props {
  form: FormInstance<Draft>
  project: string
  draft: Partial<Draft>
  /** The application is there: its name stays. */
  named?: boolean
  refusal: Refusal | null
  /** Title of a refusal. */
  refused: string
  send: (draft: Draft) => Promise<unknown>
  /** The buttons. */
  children?: ReactNode
}

/** Everything that an application is made of; what most people leave alone is folded. */
export function ApplicationForm({ form, project, draft, named = false, refusal, refused, send, children }: Props) {
  const t = useText()
  // What the form itself found wrong.
  const [wrong, setWrong] = useState<string[]>([])
  const runs = Form.useWatch('runs', form) ?? draft.runs
  const marks = { wrong, refused: refusal?.fields }
  return (
    <Form<Draft> form={form} layout="vertical" requiredMark={false} scrollToFirstError initialValues={draft} preserve
      onFinishFailed={({ errorFields }) => setWrong(errorFields.map(({ name }) => String(name[0])))} onFinish={() => void send(form.getFieldsValue(true) as Draft)}>
      <div className="stack">
        <Card title={t('appForm.program')}><ProgramFields project={project} named={named} /></Card>
        {runs === 'schedule' ? <Card title={t('appForm.schedule')}><ScheduleFields /></Card> : <Card title={t('appForm.howMany')}><CountFields /></Card>}
        <Part<Draft> {...marks} title={t('appForm.ports')} said={portsSaid} fields={['ports', 'routed', 'routePort']}><PortFields /></Part>
        <Part<Draft> {...marks} title={t('appForm.variables')} said={variablesSaid} fields={['variables']}><VariableFields /></Part>
        <Part<Draft> {...marks} title={t('appForm.volumes')} said={volumesSaid} fields={['volumes']}><VolumeFields /></Part>
        <Part<Draft> {...marks} title={t('appForm.resources')} said={resourcesSaid} fields={['cpu', 'memory', 'accelerators']}><ResourceFields /></Part>
        {runs !== 'schedule' && (
          <>
            <Part<Draft> {...marks} title={t('appForm.health')} said={healthSaid} fields={['readyPath', 'livePath', 'startSeconds']}><HealthFields /></Part>
            <Part<Draft> {...marks} title={t('appForm.takeover')} said={takeoverSaid} fields={['steps', 'stepSeconds', 'minRequests', 'maxFailurePercent']}><TakeoverFields /></Part>
          </>
        )}
        <Card title={t('appForm.why')}>
          <Form.Item name="why" label={`${t('appForm.whyField')} (${t('form.optional')})`} extra={t('appForm.whyHint')} style={{ marginBottom: 0 }}><Input autoComplete="off" maxLength={500} /></Form.Item>
        </Card>
        {refusal && <Notice tone="error" title={refused}><ErrorWords error={refusal.error} /></Notice>}
        {children}
      </div>
    </Form>
  )
}

type Said = [MessageKey, string?]
const listed = (names: (string | undefined)[]): Said => (names.length > 0 ? ['appForm.these', names.filter(Boolean).join(', ')] : ['appForm.noneOf'])
const portsSaid = ({ ports = [], routed, runs }: Partial<Draft>): Said => (ports.length === 0 ? ['appForm.noneOf'] : [routed && runs !== 'schedule' ? 'appForm.routed' : 'appForm.unrouted', ports.map((one) => one?.port).join(', ')])
const variablesSaid = ({ variables = [] }: Partial<Draft>): Said => listed(variables.map((one) => one?.name))
const volumesSaid = ({ volumes = [] }: Partial<Draft>): Said => listed(volumes.map((one) => one?.mountPath))
const resourcesSaid = ({ cpu, memory }: Draft): Said => (cpu || memory ? ['appForm.these', [cpu && `CPU ${cpu}`, memory].filter(Boolean).join(', ')] : ['appForm.noLimit'])
const healthSaid = ({ readyPath, livePath }: Draft): Said => (readyPath || livePath ? ['appForm.these', [readyPath, livePath].filter(Boolean).join(', ')] : ['appForm.byPort'])
const takeoverSaid = ({ takeover, steps }: Draft): Said => (takeover === 'steps' ? ['services.inSteps', stepsOf(steps)?.map((one) => `${one}%`).join(' → ')] : ['services.once'])
