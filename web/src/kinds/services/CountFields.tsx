import { Form, Input, InputNumber, Segmented } from 'antd'
import { useText } from '../../i18n'
import { ABSENT, type Draft } from './draft'

const WIDE = { width: '100%' }

/** How many servers: a number, or as many as requests need. */
export function CountFields() {
  const t = useText()
  const count = Form.useWatch<Draft['count'] | undefined>('count') ?? 'fixed'
  const required = [{ required: true, message: t('form.required') }]
  return (
    <>
      <Form.Item name="count">
        <Segmented aria-label={t('services.howMany')} options={[{ value: 'fixed', label: t('services.fixed') }, { value: 'asNeeded', label: t('services.asNeeded') }]} />
      </Form.Item>
      {count === 'fixed' ? (
        <div className="grid" style={{ rowGap: 0 }}>
          <Form.Item className="span-3" name="replicas" label={t('services.replicas')} rules={required}><InputNumber min={0} max={1000} precision={0} style={WIDE} /></Form.Item>
        </div>
      ) : (
        <div className="grid" style={{ rowGap: 0 }}>
          <Form.Item className="span-3" name="minReplicas" label={t('services.min')} extra={t('services.minHint')} rules={required}><InputNumber min={0} max={1000} precision={0} style={WIDE} /></Form.Item>
          <Form.Item className="span-3" name="maxReplicas" label={t('services.max')} dependencies={['minReplicas']} rules={[
            ...required,
            ({ getFieldValue }) => ({ validator: (_rule, value: number | null) => (Number(value) < Number(getFieldValue('minReplicas')) ? Promise.reject(new Error(t('services.maxForm'))) : Promise.resolve()) }),
          ]}>
            <InputNumber min={1} max={1000} precision={0} style={WIDE} />
          </Form.Item>
          <Form.Item className="span-3" name="concurrency" label={t('services.concurrency')} extra={t('services.concurrencyHint')} rules={required}><InputNumber min={1} max={10_000} precision={0} style={WIDE} /></Form.Item>
          <Form.Item className="span-3" name="idleSeconds" label={t('services.idle')} extra={t('services.idleHint')}><InputNumber min={1} max={86_400} precision={0} placeholder={String(ABSENT.idleSeconds)} style={WIDE} /></Form.Item>
        </div>
      )}
    </>
  )
}

/** What each server may use. */
export function ResourceFields() {
  const t = useText()
  return (
    <div className="grid" style={{ rowGap: 0 }}>
      <Form.Item className="span-4" name="cpu" label={t('field.cpu')} extra={t('jobs.cpuHint')} rules={[{ pattern: /^\d+(\.\d+)?m?$/, message: t('jobs.cpuHint') }]}><Input placeholder="1" /></Form.Item>
      <Form.Item className="span-4" name="memory" label={t('field.memory')} extra={t('jobs.memoryHint')} rules={[{ pattern: /^\d+(\.\d+)?([KMGT]i?)?$/, message: t('jobs.memoryHint') }]}><Input placeholder="512Mi" /></Form.Item>
      <Form.Item className="span-4" name="accelerators" label={t('field.accelerators')}><InputNumber min={0} precision={0} style={WIDE} /></Form.Item>
    </div>
  )
}
