import { Form, Input, InputNumber, Segmented, Select, Switch } from 'antd'
import type { Rule } from 'antd/es/form'
import { useState } from 'react'
import { parse, stringify } from 'yaml'
import { useText } from '../../i18n'
import { rangeOf, textOf, type Drawn, type Field } from './schema'

interface Props {
  drawn: Drawn
  /** Where the values stand in the form. */
  at: string
}

/** Parameters by their JSON Schema; as YAML where a form cannot say them. */
export function SchemaFields({ drawn, at }: Props) {
  const t = useText()
  const form = Form.useFormInstance()
  const [written, setWritten] = useState<string>()
  const [wrong, setWrong] = useState('')
  const read = (text: string): boolean => {
    setWritten(text)
    try {
      const values = (parse(text) ?? {}) as unknown
      if (typeof values !== 'object' || Array.isArray(values)) throw new Error(t('algorithms.yamlMap'))
      form.setFieldValue(at, values)
      setWrong('')
      return true
    } catch (cause) {
      setWrong((cause as Error).message)
      return false
    }
  }
  const choose = (way: string) => {
    if (way === 'yaml') setWritten(stringify(form.getFieldValue(at) ?? {}))
    else if (read(written ?? '')) setWritten(undefined)
  }
  if (drawn.fields.length + drawn.rest.length === 0) return <p className="muted">{t('algorithms.noParameters')}</p>
  return (
    <div>
      <div className="row" style={{ justifyContent: 'space-between', marginBottom: 12 }}>
        <strong>{t('jobs.parameters')}</strong>
        <Segmented aria-label={t('jobs.parameters')} size="small" value={written === undefined ? 'form' : 'yaml'} options={[{ value: 'form', label: t('labeling.asForm') }, { value: 'yaml', label: 'YAML' }]} onChange={choose} />
      </div>
      {written === undefined ? (
        <div className="grid" style={{ rowGap: 0 }}>
          {drawn.fields.map((field) => <OneField key={field.name} field={field} at={at} />)}
          {drawn.rest.length > 0 && <p className="muted span-12">{t('algorithms.onlyYaml', { names: drawn.rest.join(', ') })}</p>}
        </div>
      ) : (
        <Form.Item label="YAML" htmlFor={`${at}-yaml`} validateStatus={wrong ? 'error' : ''} help={wrong || undefined}>
          <Input.TextArea id={`${at}-yaml`} className="mono" value={written} autoSize={{ minRows: 6 }} spellCheck={false} onChange={(event) => read(event.target.value)} />
        </Form.Item>
      )}
    </div>
  )
}

function OneField({ field, at }: { field: Field; at: string }) {
  const t = useText()
  const { name, title, description, kind } = field
  const range = kind === 'number' || kind === 'integer' ? rangeOf(field) : ''
  const extra = [description, range].filter(Boolean).join(' · ')
  return (
    <Form.Item className="span-4" name={[at, name]} label={title} tooltip={title === name ? undefined : { title: <span className="mono">{name}</span> }} rules={rulesOf(field, t('form.required'), range)} {...(extra && { extra })} {...(kind === 'boolean' && { valuePropName: 'checked' })}>
      {controlOf(field)}
    </Form.Item>
  )
}

function controlOf(field: Field) {
  switch (field.kind) {
    case 'number':
      return <InputNumber style={{ width: '100%' }} />
    case 'integer':
      return <InputNumber precision={0} style={{ width: '100%' }} />
    case 'boolean':
      return <Switch />
    case 'choice':
      return <Select allowClear={!field.required} options={(field.choices ?? []).map((one) => ({ value: one as string, label: textOf(one) }))} />
    case 'list':
      return <Select mode="tags" open={false} suffixIcon={null} tokenSeparators={[',']} />
    case 'text':
      return <Input autoComplete="off" />
  }
}

function rulesOf(field: Field, needed: string, range: string): Rule[] {
  const { kind, required, min, max, above, under, pattern, minLength, maxLength } = field
  const rules: Rule[] = required ? [{ required: true, message: needed }] : []
  if (kind === 'number' || kind === 'integer') {
    const isWrong = (value: unknown) => typeof value === 'number' && ((min !== undefined && value < min) || (max !== undefined && value > max) || (above !== undefined && value <= above) || (under !== undefined && value >= under))
    rules.push({ validator: (_rule, value) => (isWrong(value) ? Promise.reject(new Error(range)) : Promise.resolve()) })
  }
  if (kind === 'list') {
    // What is typed into a list is text; numbers are made of it here.
    const toItem = (one: unknown) => (field.items === 'text' || typeof one === 'number' || one === '' || Number.isNaN(Number(one)) ? one : Number(one))
    rules.push({ transform: (value: unknown) => (Array.isArray(value) ? value.map(toItem) : value), validator: (_rule, value: unknown) => (field.items !== 'text' && Array.isArray(value) && value.some((one) => Number.isNaN(Number(one))) ? Promise.reject(new Error('1, 2, 3')) : Promise.resolve()) })
  }
  if (pattern !== undefined) {
    const regex = regexOf(pattern)
    if (regex) rules.push({ pattern: regex, message: pattern })
  }
  if (minLength !== undefined) rules.push({ min: minLength })
  if (maxLength !== undefined) rules.push({ max: maxLength })
  return rules
}

/** A pattern that this browser cannot read is left to the platform. */
function regexOf(pattern: string): RegExp | undefined {
  try {
    return new RegExp(pattern, 'u')
  } catch {
    return undefined
  }
}
