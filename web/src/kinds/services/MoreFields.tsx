import { Checkbox, Form, Input, InputNumber, Segmented } from 'antd'
import { useText } from '../../i18n'
import { ABSENT, stepsOf, type Draft } from './draft'

const WIDE = { width: '100%' }

/** How a new version takes over: all at once, or in steps. */
export function TakeoverFields() {
  const t = useText()
  const serves = Form.useWatch<Draft['serves'] | undefined>('serves')
  const takeover = Form.useWatch<Draft['takeover'] | undefined>('takeover') ?? 'once'
  if (serves === 'program') return <p className="muted">{t('services.programOnce')}</p>
  return (
    <>
      <Form.Item name="takeover" extra={takeover === 'once' ? t('services.onceHint') : t('services.inStepsHint')}>
        <Segmented aria-label={t('services.takeover')} options={[{ value: 'once', label: t('services.once') }, { value: 'steps', label: t('services.inSteps') }]} />
      </Form.Item>
      {takeover === 'steps' && (
        <div className="grid" style={{ rowGap: 0 }}>
          <Form.Item className="span-12" name="steps" label={t('services.steps')} rules={[{ required: true, message: t('services.stepsForm') }, { validator: (_rule, value: string) => (stepsOf(value) ? Promise.resolve() : Promise.reject(new Error(t('services.stepsForm')))) }]}>
            <Input placeholder="10, 50" />
          </Form.Item>
          <Form.Item className="span-4" name="stepSeconds" label={t('services.stepSeconds')} extra={t('services.atLeast')}><InputNumber min={1} max={604_800} precision={0} placeholder={String(ABSENT.stepSeconds)} style={WIDE} /></Form.Item>
          <Form.Item className="span-4" name="minRequests" label={t('services.minRequests')} extra={t('services.atLeast')}><InputNumber min={1} max={1_000_000_000} precision={0} placeholder={String(ABSENT.minRequests)} style={WIDE} /></Form.Item>
          <Form.Item className="span-4" name="maxFailurePercent" label={t('services.maxFailures')}><InputNumber min={0} max={100} placeholder={String(ABSENT.maxFailurePercent)} style={WIDE} /></Form.Item>
        </div>
      )}
    </>
  )
}

/** Which requests and answers are written to the service's log. */
export function RecordFields() {
  const t = useText()
  const record = Form.useWatch<Draft['record'] | undefined>('record') ?? 'nothing'
  return (
    <>
      <Form.Item name="record" {...(record === 'some' && { extra: t('services.recordHint') })}>
        <Segmented aria-label={t('services.record')} options={[{ value: 'nothing', label: t('services.recordNothing') }, { value: 'some', label: t('services.recordSome') }]} />
      </Form.Item>
      {record === 'some' && (
        <div className="grid" style={{ rowGap: 0 }}>
          <Form.Item className="span-4" name="recordPercent" label={t('services.recordPercent')} rules={[{ required: true, message: t('form.required') }]}><InputNumber min={0} max={100} style={WIDE} /></Form.Item>
          <Form.Item className="span-4" name="recordBytes" label={t('services.recordBytes')}><InputNumber min={0} max={1_048_576} precision={0} placeholder={String(ABSENT.bodyBytes)} style={WIDE} /></Form.Item>
          <Form.Item className="span-4" name="recordFailures" valuePropName="checked" label=" " colon={false}><Checkbox>{t('services.recordFailures')}</Checkbox></Form.Item>
        </div>
      )}
    </>
  )
}
