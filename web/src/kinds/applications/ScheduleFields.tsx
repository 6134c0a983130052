import { AutoComplete, Form, Input, InputNumber, Select } from 'antd'
import { useText } from '../../i18n'

const WIDE = { width: '100%' }
const ZONES = Intl.supportedValuesOf('timeZone').map((value) => ({ value }))

/** When it runs, and what happens when the last run has not ended. */
export function ScheduleFields() {
  const t = useText()
  const overlaps = [{ value: 'Forbid', label: t('appForm.forbid') }, { value: 'Allow', label: t('appForm.allow') }, { value: 'Replace', label: t('appForm.replace') }]
  return (
    <div className="grid" style={{ rowGap: 0 }}>
      <Form.Item className="span-6" name="cron" label={t('appForm.cron')} extra={t('appForm.cronHint')} rules={[{ required: true, whitespace: true, message: t('form.required') }]}><Input className="mono" autoComplete="off" placeholder="0 3 * * *" /></Form.Item>
      <Form.Item className="span-6" name="timeZone" label={t('appForm.zone')} extra={t('appForm.zoneHint')}><AutoComplete allowClear options={ZONES} showSearch={{ filterOption: (words, option) => String(option?.value).toLowerCase().includes(words.toLowerCase()) }} placeholder="UTC" /></Form.Item>
      <Form.Item className="span-4" name="overlap" label={t('appForm.overlap')}><Select options={overlaps} /></Form.Item>
      <Form.Item className="span-4" name="deadlineSeconds" label={t('appForm.deadline')}><InputNumber min={1} precision={0} style={WIDE} /></Form.Item>
      <Form.Item className="span-4" name="retries" label={t('appForm.retries')}><InputNumber min={0} max={100} precision={0} placeholder="0" style={WIDE} /></Form.Item>
    </div>
  )
}
