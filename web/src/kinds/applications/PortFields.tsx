import { DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import { Button, Checkbox, Form, Input, InputNumber, Select, Switch } from 'antd'
import { useText } from '../../i18n'
import type { Draft } from './draft'

const PORT_NAME = /^[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$/

/** Ports that it listens on, and which of them answers at the gateway. */
export function PortFields() {
  const t = useText()
  const ports = Form.useWatch<Draft['ports'] | undefined>('ports') ?? []
  const runs = Form.useWatch<Draft['runs'] | undefined>('runs')
  const routed = Form.useWatch<boolean | undefined>('routed')
  const required = { required: true, message: t('form.required') }
  const names = ports.flatMap((one) => (one?.name ? [{ value: one.name, label: one.name }] : []))
  return (
    <>
      <Form.List name="ports">
        {(entries, { add, remove }) => (
          <div className="stack tight">
            {entries.map(({ key, name }) => (
              <div className="row entry" key={key}>
                <Form.Item name={[name, 'name']} rules={[required, { pattern: PORT_NAME, message: t('appForm.portName') }]}><Input className="mono" aria-label={t('appForm.portNameLabel')} placeholder="http" /></Form.Item>
                <Form.Item name={[name, 'port']} rules={[required]}><InputNumber aria-label={t('services.port')} min={1} max={65_535} precision={0} placeholder="8080" /></Form.Item>
                <Button type="text" icon={<DeleteOutlined />} aria-label={t('appForm.removePort')} onClick={() => remove(name)} />
              </div>
            ))}
            <div><Button size="small" icon={<PlusOutlined />} onClick={() => add({})}>{t('appForm.addPort')}</Button></div>
          </div>
        )}
      </Form.List>
      <p className="muted small" style={{ margin: '8px 0 14px' }}>{t('appForm.portsHint')}</p>
      {runs !== 'schedule' && (
        <>
          <Form.Item name="routed" valuePropName="checked" label={t('appForm.route')} extra={t('appForm.routeHint')}><Switch aria-label={t('appForm.route')} /></Form.Item>
          {routed && (
            <div className="grid" style={{ rowGap: 0 }}>
              <Form.Item className="span-4" name="routePort" label={t('appForm.routePort')}><Select allowClear options={names} placeholder={names[0]?.label ?? ''} /></Form.Item>
              <Form.Item className="span-8" name="keepPrefix" valuePropName="checked" label=" " colon={false} extra={t('appForm.keepPrefixHint')}><Checkbox>{t('appForm.keepPrefix')}</Checkbox></Form.Item>
            </div>
          )}
        </>
      )}
    </>
  )
}
