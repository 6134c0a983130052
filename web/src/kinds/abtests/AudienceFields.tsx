import { DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import { Button, Form, Input, InputNumber, Select } from 'antd'
import { Card } from '../../components/Card'
import { useText } from '../../i18n'
import type { TestDraft } from './draft'
import { useServiceOptions } from './VariantFields'
import { secondsOf } from './words'

const PLACEHOLDER: Record<TestDraft['keyFrom'], string> = { header: 'x-user-id', cookie: 'session', body: '/parameters/user' }

/** Whose requests belong together, and where they come in. */
export function AudienceFields({ project }: { project: string }) {
  const t = useText()
  const services = useServiceOptions(project)
  const from = Form.useWatch<TestDraft['keyFrom'] | undefined>('keyFrom') ?? 'header'
  return (
    <Card title={t('abtests.audience')}>
      <div className="grid" style={{ rowGap: 0 }}>
        <Form.Item className="span-4" name="keyFrom" label={t('abtests.keyFrom')} extra={t('abtests.keyHint')}>
          <Select options={[{ value: 'header', label: t('abtests.header') }, { value: 'cookie', label: t('abtests.cookie') }, { value: 'body', label: t('abtests.body') }]} />
        </Form.Item>
        <Form.Item className="span-4" name="key" label={t(from === 'header' ? 'abtests.headerName' : from === 'cookie' ? 'abtests.cookieName' : 'abtests.pointer')} rules={[{ required: true, message: t('form.required') }, ...(from === 'body' ? [{ pattern: /^\//, message: t('abtests.pointerForm') }] : [])]}>
          <Input className="mono" autoComplete="off" placeholder={PLACEHOLDER[from]} />
        </Form.Item>
        <Form.Item className="span-4" name="route" label={`${t('abtests.route')} (${t('form.optional')})`} extra={t('abtests.routeHint')}><Select allowClear showSearch options={services} placeholder={t('abtests.ownAddress')} /></Form.Item>
      </div>
    </Card>
  )
}

/** A length of time such as `2h`. */
export function useLength(isRequired = false) {
  const t = useText()
  return [
    ...(isRequired ? [{ required: true, message: t('form.required') }] : []),
    { validator: (_rule: unknown, text: string | undefined) => (!text || secondsOf(text) !== undefined ? Promise.resolve() : Promise.reject(new Error(t('abtests.lengthForm')))) },
  ]
}

/** How many take part at first, and who never does. */
export function RampFields() {
  const t = useText()
  const length = useLength(true)
  return (
    <>
      <p className="muted" style={{ marginBottom: 12 }}>{t('abtests.rampHint')}</p>
      <Form.List name="ramp">
        {(rows, { add, remove }) => (
          <div>
            {rows.map(({ key, name }) => (
              <div key={key} className="ramp-draft">
                <Form.Item name={[name, 'percent']} label={t('abtests.rampShare')} rules={[{ required: true, message: t('form.required') }]}><InputNumber min={0} max={100} suffix="%" style={{ width: '100%' }} /></Form.Item>
                <Form.Item name={[name, 'lasts']} label={t('abtests.rampLasts')} rules={length}><Input autoComplete="off" placeholder="1d" /></Form.Item>
                <Button className="drop" type="text" icon={<DeleteOutlined />} aria-label={t('action.delete')} onClick={() => remove(name)} />
              </div>
            ))}
            <Button size="small" icon={<PlusOutlined />} disabled={rows.length >= 20} onClick={() => add({ percent: rows.length === 0 ? 5 : 25, lasts: '1d' })}>{t('abtests.addStep')}</Button>
          </div>
        )}
      </Form.List>
      <div className="grid" style={{ marginTop: 16, rowGap: 0 }}>
        <Form.Item className="span-6" name="exclude" label={t('abtests.exclude')} extra={t('abtests.excludeHint')}><Select mode="tags" open={false} suffixIcon={null} tokenSeparators={['\n', ',']} /></Form.Item>
        <Form.Item className="span-6" name="salt" label={`${t('abtests.salt')} (${t('form.optional')})`} extra={t('abtests.saltHint')}><Input autoComplete="off" /></Form.Item>
      </div>
    </>
  )
}
