import { Form, Input, InputNumber } from 'antd'
import { useText } from '../../i18n'

/** Paths that say whether a replica is well. */
export function HealthFields() {
  const t = useText()
  const rules = [{ pattern: /^\//, message: t('services.readyPathForm') }]
  return (
    <div className="grid" style={{ rowGap: 0 }}>
      <Form.Item className="span-4" name="readyPath" label={t('services.readyPath')} extra={t('services.readyPathHint')} rules={rules}><Input className="mono" autoComplete="off" placeholder="/ready" /></Form.Item>
      <Form.Item className="span-4" name="livePath" label={t('appForm.livePath')} extra={t('appForm.livePathHint')} rules={rules}><Input className="mono" autoComplete="off" placeholder="/live" /></Form.Item>
      <Form.Item className="span-4" name="startSeconds" label={t('appForm.startSeconds')} extra={t('appForm.startHint')}><InputNumber min={1} max={86_400} precision={0} placeholder="30" style={{ width: '100%' }} /></Form.Item>
    </div>
  )
}
