import { DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import { Button, Form, Input, InputNumber, Segmented, Select } from 'antd'
import { Card } from '../../components/Card'
import { useText, type MessageKey } from '../../i18n'
import { ColumnsFields } from './ColumnsFields'
import { isShare, NEW_METRIC, primaryOf, type MetricDraft, type TestDraft } from './draft'
import { DIRECTION, KIND } from './words'

const NAME = /^[a-z0-9]([-_.a-z0-9]{0,61}[a-z0-9])?$/
const WIDE = { width: '100%' }
const SOURCE: Record<NonNullable<MetricDraft['source']>, MessageKey> = { feedback: 'abtests.fromFeedback', dataset: 'abtests.fromDataset', errors: 'abtests.ofErrors', latency: 'abtests.ofLatency' }
const GUARD: Record<NonNullable<MetricDraft['guard']>, MessageKey> = { none: 'abtests.guardNone', share: 'abtests.guardShare', amount: 'abtests.guardAmount' }
const BEFORE: Record<NonNullable<MetricDraft['before']>, MessageKey> = { nothing: 'abtests.beforeNothing', feedback: 'abtests.beforeFeedback', dataset: 'abtests.beforeDataset' }

/** What is measured, which of it decides, and what nobody may harm. */
export function MetricFields({ project }: { project: string }) {
  const t = useText()
  return (
    <Card title={t('abtests.metrics')} extra={t('abtests.metricsHint')}>
      <Form.List name="metrics">
        {(rows, { add, remove }) => (
          <>
            {rows.map(({ key, name }) => <Row key={key} at={name} project={project} drop={rows.length > 1 ? () => remove(name) : undefined} />)}
            <Button size="small" icon={<PlusOutlined />} onClick={() => add(NEW_METRIC)}>{t('abtests.addMetric')}</Button>
          </>
        )}
      </Form.List>
      <Primary />
    </Card>
  )
}

function Primary() {
  const t = useText()
  const form = Form.useFormInstance<TestDraft>()
  const metrics = Form.useWatch<TestDraft['metrics'] | undefined>('metrics') ?? []
  const chosen = Form.useWatch<string | undefined>('primary')
  const names = metrics.flatMap((one) => one?.name ?? []).filter(Boolean)
  const now = primaryOf({ metrics: metrics.filter(Boolean), ...(chosen && { primary: chosen }) })
  return (
    <div className="grid" style={{ marginTop: 16, rowGap: 0 }}>
      <Form.Item className="span-6" name="primary" label={t('abtests.primaryField')} extra={t('abtests.primaryHint')} getValueProps={() => ({ value: now || undefined })}>
        <Select options={names.map((value) => ({ value, label: value }))} placeholder={t('abtests.primaryFirst')} onChange={(value: string) => form.setFieldValue('primary', value)} />
      </Form.Item>
    </div>
  )
}

function Row({ at, project, drop }: { at: number; project: string; drop: (() => void) | undefined }) {
  const t = useText()
  const metric = Form.useWatch<MetricDraft | undefined>(['metrics', at]) ?? NEW_METRIC
  const { source = 'feedback', guard = 'none', before = 'nothing', name = '' } = metric
  const isBuiltin = source === 'latency' || source === 'errors'
  const required = { required: true, message: t('form.required') }
  const choices = <K extends string>(of: Record<K, MessageKey>) => (Object.entries(of) as [K, MessageKey][]).map(([value, key]) => ({ value, label: t(key) }))
  const unit = guard === 'share' ? '%' : isShare(metric) ? 'pp' : source === 'latency' ? 's' : undefined
  return (
    <fieldset className="metric-draft" aria-label={t('abtests.metricNumber', { number: at + 1 })}>
      <div className="grid" style={{ rowGap: 0 }}>
        <Form.Item className="span-4" name={[at, 'name']} label={t('abtests.metric')} rules={[
          required, { pattern: NAME, message: t('abtests.metricForm') },
          ({ getFieldValue }) => ({ validator: (_rule, value: string) => ((getFieldValue('metrics') as MetricDraft[]).filter((one) => one.name === value).length > 1 ? Promise.reject(new Error(t('abtests.nameTaken'))) : Promise.resolve()) }),
        ]}><Input className="mono" autoComplete="off" placeholder="bought" /></Form.Item>
        <Form.Item className="span-4" name={[at, 'source']} label={t('abtests.source')}><Select options={choices(SOURCE)} /></Form.Item>
        <Form.Item className="span-4" name={[at, 'direction']} label={t('sweeps.goal')}><Segmented block options={choices(DIRECTION)} /></Form.Item>
        {source === 'feedback' && <Form.Item className="span-4" name={[at, 'feedback']} label={t('abtests.feedbackName')} extra={t('abtests.feedbackNameHint')}><Input className="mono" autoComplete="off" placeholder={name || 'bought'} /></Form.Item>}
        {source === 'dataset' && <ColumnsFields at={[at, 'dataset']} project={project} />}
        {!isBuiltin && <Form.Item className="span-4" name={[at, 'kind']} label={t('abtests.kind')}><Select options={choices(KIND)} /></Form.Item>}
        <Form.Item className="span-4" name={[at, 'minimumEffect']} label={t('abtests.minimumEffect')} extra={t('abtests.minimumEffectHint')}><InputNumber min={0.01} max={100_000} suffix="%" placeholder="5" style={WIDE} /></Form.Item>
        <Form.Item className="span-4" name={[at, 'guard']} label={t('abtests.guard')}><Select options={choices(GUARD)} /></Form.Item>
        {guard !== 'none' && <Form.Item className="span-4" name={[at, 'maxWorse']} label={t('abtests.maxWorse')} extra={t(guard === 'share' ? 'abtests.maxWorseShare' : 'abtests.maxWorseAmount')} rules={[required]}><InputNumber min={0} suffix={unit} style={WIDE} /></Form.Item>}
        {!isBuiltin && <Form.Item className="span-4" name={[at, 'before']} label={t('abtests.before')} extra={t('abtests.beforeHint')}><Select options={choices(BEFORE)} /></Form.Item>}
        {!isBuiltin && before === 'feedback' && <Form.Item className="span-4" name={[at, 'beforeFeedback']} label={t('abtests.beforeName')} rules={[required]}><Input className="mono" autoComplete="off" /></Form.Item>}
        {!isBuiltin && before === 'dataset' && <ColumnsFields at={[at, 'beforeDataset']} project={project} />}
      </div>
      {drop && <Button size="small" type="text" icon={<DeleteOutlined />} onClick={drop}>{t('abtests.dropMetric')}</Button>}
    </fieldset>
  )
}
