import { DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import { Button, Form, Input, Select } from 'antd'
import { useText } from '../../i18n'
import type { VariableDraft } from './variables'

/** Environment variables; what a Secret holds is named, never shown. */
export function VariableFields() {
  const t = useText()
  const variables = Form.useWatch<VariableDraft[] | undefined>('variables') ?? []
  const required = { required: true, message: t('form.required') }
  const from = [{ value: 'value', label: t('appForm.plain') }, { value: 'config', label: 'ConfigMap' }, { value: 'secret', label: 'Secret' }]
  return (
    <Form.List name="variables">
      {(entries, { add, remove }) => (
        <div className="stack tight">
          {entries.map(({ key, name }) => {
            const kind = variables[name]?.from ?? 'value'
            return (
              <div className="row entry" key={key}>
                <Form.Item name={[name, 'name']} rules={[required, { pattern: /^[^=]+$/, message: t('appForm.variableForm') }]}><Input className="mono" autoComplete="off" aria-label={t('appForm.variable')} placeholder="DATABASE_URL" /></Form.Item>
                <Form.Item name={[name, 'from']}><Select aria-label={t('appForm.from')} style={{ minWidth: 120 }} options={kind === 'other' ? [...from, { value: 'other', label: t('appForm.otherSource') }] : from} /></Form.Item>
                {kind === 'value' && <Form.Item name={[name, 'value']} className="wide"><Input className="mono" autoComplete="off" aria-label={t('appForm.value')} /></Form.Item>}
                {(kind === 'config' || kind === 'secret') && (
                  <>
                    <Form.Item name={[name, 'of']} rules={[required]}><Input autoComplete="off" aria-label={t('appForm.of')} placeholder={t('appForm.of')} /></Form.Item>
                    <Form.Item name={[name, 'key']} rules={[required]}><Input className="mono" autoComplete="off" aria-label={t('appForm.key')} placeholder={t('appForm.key')} /></Form.Item>
                  </>
                )}
                <Button type="text" icon={<DeleteOutlined />} aria-label={t('appForm.removeVariable')} onClick={() => remove(name)} />
              </div>
            )
          })}
          <div><Button size="small" icon={<PlusOutlined />} onClick={() => add({ from: 'value' })}>{t('appForm.addVariable')}</Button></div>
          <p className="muted small">{t('appForm.variablesHint')}</p>
        </div>
      )}
    </Form.List>
  )
}
