import { DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import { Button, ColorPicker, Form, Input } from 'antd'
import { useText } from '../../i18n'

const LANGUAGES = [['en', 'labeling.describe.en'], ['zh', 'labeling.describe.zh']] as const

/** The labels: what each is called, its key and colour, and when it is the right one. */
export function LabelFields() {
  const t = useText()
  return (
    <Form.List name="labels">
      {(fields, { add, remove }) => (
        <div className="stack tight" style={{ marginBottom: 16 }}>
          <span>{t('labeling.labels')}</span>
          {fields.map(({ key, name }) => (
            <div className="labeling-field" key={key}>
              <div className="row">
                <Form.Item name={[name, 'color']} getValueFromEvent={(color: { toHexString: () => string }) => color.toHexString().slice(0, 7)} style={{ margin: 0 }}><ColorPicker disabledAlpha format="hex" allowClear={false} aria-label={t('labeling.color')} /></Form.Item>
                <Form.Item name={[name, 'name']} rules={[{ required: true, message: t('form.required') }]} style={{ flex: 1, margin: 0 }}><Input aria-label={t('labeling.labelName')} placeholder={t('labeling.labelName')} autoComplete="off" /></Form.Item>
                <Form.Item name={[name, 'hotkey']} style={{ width: 90, margin: 0 }}><Input aria-label={t('labeling.hotkey')} placeholder={t('labeling.hotkey')} maxLength={1} autoComplete="off" /></Form.Item>
                <Button type="text" aria-label={t('labeling.removeLabel')} icon={<DeleteOutlined />} onClick={() => remove(name)} />
              </div>
              <div className="row labeling-descriptions">
                {LANGUAGES.map(([language, words]) => (
                  <Form.Item key={language} name={[name, 'description', language]} style={{ flex: 1, margin: 0 }}>
                    <Input size="small" aria-label={t(words)} placeholder={t(words)} autoComplete="off" maxLength={4096} />
                  </Form.Item>
                ))}
              </div>
            </div>
          ))}
          <div><Button icon={<PlusOutlined />} onClick={() => add({})}>{t('labeling.addLabel')}</Button></div>
        </div>
      )}
    </Form.List>
  )
}
