import { Form, Input, type FormInstance } from 'antd'
import { useState, type ReactNode } from 'react'
import { Card } from '../../components/Card'
import { Notice } from '../../components/Notice'
import { Part } from '../../components/Part'
import { ErrorWords } from '../../components/States'
import type { Refusal } from '../../components/useSubmit'
import { useText, type MessageKey } from '../../i18n'
import { CountFields, ResourceFields } from './CountFields'
import { stepsOf, type Draft } from './draft'
import { RecordFields, TakeoverFields } from './MoreFields'
import { ServedFields } from './ServedFields'

const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

interface Props {
  form: FormInstance<Draft>
  project: string
  draft: Partial<Draft>
  /** The service is there: its name stays. */
  named?: boolean
  refusal: Refusal | null
  /** Title of a refusal. */
  refused: string
  send: (draft: Draft) => Promise<unknown>
  /** The buttons. */
  children?: ReactNode
}

/** Everything that a service is made of; what most people leave alone is folded. */
export function ServiceForm({ form, project, draft, named = false, refusal, refused, send, children }: Props) {
  const t = useText()
  // What the form itself found wrong.
  const [wrong, setWrong] = useState<string[]>([])
  return (
    <Form<Draft> form={form} layout="vertical" requiredMark={false} scrollToFirstError initialValues={draft} preserve
      onFinishFailed={({ errorFields }) => setWrong(errorFields.map(({ name }) => String(name[0])))} onFinish={() => void send(form.getFieldsValue(true) as Draft)}>
      <div className="stack">
        <Card title={t('services.serves')}>
          <ServedFields project={project} />
          <div className="grid" style={{ rowGap: 0 }}>
            {!named && (
              <Form.Item className="span-6" name="name" label={t('field.name')} rules={[{ required: true, message: t('form.required') }, { pattern: NAME, message: t('form.name') }]}>
                <Input autoComplete="off" />
              </Form.Item>
            )}
            <Form.Item className="span-6" name="application" label={t('field.application')} extra={t('services.applicationHint')}><Input /></Form.Item>
          </div>
        </Card>
        <Card title={t('services.howMany')}>
          <CountFields />
          <ResourceFields />
        </Card>
        <Part<Draft> title={t('services.takeover')} said={takeoverSaid} wrong={wrong} refused={refusal?.fields} fields={TAKEOVER}><TakeoverFields /></Part>
        <Part<Draft> title={t('services.record')} said={recordSaid} wrong={wrong} refused={refusal?.fields} fields={RECORD}><RecordFields /></Part>
        {refusal && <Notice tone="error" title={refused}><ErrorWords error={refusal.error} /></Notice>}
        {children}
      </div>
    </Form>
  )
}

const TAKEOVER: (keyof Draft)[] = ['steps', 'stepSeconds', 'minRequests', 'maxFailurePercent']
const RECORD: (keyof Draft)[] = ['recordPercent', 'recordBytes']
const takeoverSaid = ({ takeover, serves, steps }: Draft): [MessageKey, string?] =>
  takeover === 'steps' && serves !== 'program' ? ['services.inSteps', stepsOf(steps)?.map((one) => `${one}%`).join(' → ')] : ['services.once']
const recordSaid = ({ record, recordPercent }: Draft): [MessageKey, string?] =>
  record === 'some' ? ['services.recordSome', `${recordPercent ?? 0}%`] : ['services.recordNothing']
