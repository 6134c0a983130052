import { DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import { AutoComplete, Button, Form, InputNumber, Segmented, Select } from 'antd'
import { Card } from '../../components/Card'
import { useText, type MessageKey } from '../../i18n'
import type { Field } from '../algorithms/schema'
import { useChosen } from '../jobs/AlgorithmFields'
import { offered, type ParameterDraft, type SweepDraft } from './draft'
import { ALGORITHM, GOAL, STOPPING, TYPE } from './words'

/** What is searched, one parameter a row. */
export function ParameterFields({ project }: { project: string }) {
  const t = useText()
  const program = Form.useWatch<SweepDraft['program']>('program')
  const { drawn } = useChosen(project)
  const fields = program === 'algorithm' ? drawn.fields : []
  return (
    <Card title={t('sweeps.searched')} extra={t('jobs.parametersHint')}>
      <Form.List name="searched">
        {(rows, { add, remove }) => (
          <div>
            {rows.map(({ key, name }) => <ParameterRow key={key} at={name} fields={fields} drop={rows.length > 1 ? () => remove(name) : undefined} />)}
            <Button size="small" icon={<PlusOutlined />} onClick={() => add({ type: 'double', scale: 'linear' } satisfies ParameterDraft)}>{t('jobs.addParameter')}</Button>
          </div>
        )}
      </Form.List>
    </Card>
  )
}

function ParameterRow({ at, fields, drop }: { at: number; fields: Field[]; drop: (() => void) | undefined }) {
  const t = useText()
  const form = Form.useFormInstance<SweepDraft>()
  const choose = (name: string) => {
    const field = fields.find((one) => one.name === name)
    if (field) form.setFieldValue(['searched', at], offered(field))
  }
  const choices = useChoices()
  const type = Form.useWatch<ParameterDraft['type']>(['searched', at, 'type'])
  const required = { required: true, message: t('form.required') }
  const numeric = (field: 'min' | 'max' | 'step', label: MessageKey, needed: boolean) => (
    <Form.Item name={[at, field]} label={t(label)} {...(needed && { rules: [required] })}><InputNumber style={{ width: '100%' }} {...(type === 'int' && { precision: 0 })} /></Form.Item>
  )
  return (
    <div className="parameter">
      <Form.Item name={[at, 'name']} label={t('field.name')} rules={[required]}><AutoComplete className="mono" placeholder="learning_rate" options={fields.map((field) => ({ value: field.name }))} showSearch={{ filterOption: true }} onSelect={choose} /></Form.Item>
      <Form.Item name={[at, 'type']} label={t('sweeps.type')}><Select options={choices(TYPE)} /></Form.Item>
      {type === 'categorical' ? (
        <Form.Item className="values" name={[at, 'values']} label={t('sweeps.values')} rules={[required]}><Select mode="tags" open={false} suffixIcon={null} placeholder={t('sweeps.valuesHint')} /></Form.Item>
      ) : (
        <>
          {numeric('min', 'sweeps.min', true)}
          {numeric('max', 'sweeps.max', true)}
          {numeric('step', 'sweeps.step', false)}
          <Form.Item name={[at, 'scale']} label={t('sweeps.scale')}><Select options={choices({ linear: 'sweeps.linear', log: 'sweeps.log' })} /></Form.Item>
        </>
      )}
      {drop ? <Button className="drop" type="text" icon={<DeleteOutlined />} aria-label={t('action.delete')} onClick={drop} /> : <span />}
    </div>
  )
}

function useChoices() {
  const t = useText()
  return (of: Record<string, MessageKey>) => Object.entries(of).map(([value, key]) => ({ value, label: t(key) }))
}

/** What makes a trial good, and how many there are. */
export function ObjectiveFields({ project }: { project: string }) {
  const t = useText()
  const form = Form.useFormInstance<SweepDraft>()
  const program = Form.useWatch<SweepDraft['program']>('program')
  const { version } = useChosen(project)
  const metrics = (program === 'algorithm' && version?.spec.outputs?.metrics) || []
  const choose = (name: string) => {
    const goal = metrics.find((one) => one.name === name)?.goal
    if (goal) form.setFieldValue('goal', goal)
  }
  const choices = useChoices()
  const whole = (name: keyof SweepDraft, label: MessageKey, hint: MessageKey, max: number) => (
    <Form.Item className="span-4" name={name} label={t(label)} extra={t(hint)}><InputNumber min={1} max={max} style={{ width: '100%' }} /></Form.Item>
  )
  return (
    <Card title={t('sweeps.objective')}>
      <div className="grid" style={{ rowGap: 0 }}>
        <Form.Item className="span-4" name="metric" label={t('sweeps.metric')} extra={t('sweeps.metricHint')} rules={[{ required: true, message: t('form.required') }]}><AutoComplete className="mono" placeholder="val_loss" options={metrics.map(({ name }) => ({ value: name }))} onSelect={choose} /></Form.Item>
        <Form.Item className="span-4" name="goal" label={t('sweeps.goal')}><Segmented options={choices(GOAL)} /></Form.Item>
        <Form.Item className="span-4" name="target" label={`${t('sweeps.target')} (${t('form.optional')})`} extra={t('sweeps.targetHint')}><InputNumber style={{ width: '100%' }} /></Form.Item>
        {whole('maxTrials', 'sweeps.maxTrials', 'sweeps.maxTrialsHint', 1000)}
        {whole('parallelTrials', 'sweeps.parallelTrials', 'sweeps.parallelTrialsHint', 100)}
        {whole('maxFailedTrials', 'sweeps.failures', 'sweeps.failuresHint', 1000)}
      </div>
    </Card>
  )
}

/** How the next trial is chosen, and when one is given up. */
export function AlgorithmFields() {
  const t = useText()
  const choices = useChoices()
  const algorithm = Form.useWatch<SweepDraft['algorithm']>('algorithm')
  const stopping = Form.useWatch<SweepDraft['stopping']>('stopping')
  const whole = (name: keyof SweepDraft, label: MessageKey, placeholder: string, min = 1) => (
    <Form.Item className="span-4" name={name} label={t(label)}><InputNumber min={min} placeholder={placeholder} style={{ width: '100%' }} /></Form.Item>
  )
  return (
    <Card title={t('sweeps.search')}>
      <div className="grid" style={{ rowGap: 0 }}>
        <Form.Item className="span-4" name="algorithm" label={t('sweeps.algorithm')}><Select options={choices(ALGORITHM)} /></Form.Item>
        {whole('seed', 'sweeps.seed', '0', 0)}
        {algorithm === 'tpe' ? whole('startup', 'sweeps.startup', '10') : <span className="span-4" />}
        <Form.Item className="span-4" name="stopping" label={t('sweeps.earlyStopping')}><Select options={choices(STOPPING)} /></Form.Item>
        {stopping !== 'none' && whole('minSteps', 'sweeps.minSteps', '1')}
        {stopping === 'median' && whole('minTrials', 'sweeps.minTrials', '5')}
        {stopping === 'halving' && whole('factor', 'sweeps.factor', '3', 2)}
        {stopping === 'halving' && whole('maxSteps', 'sweeps.maxSteps', t('form.optional'), 2)}
      </div>
    </Card>
  )
}
