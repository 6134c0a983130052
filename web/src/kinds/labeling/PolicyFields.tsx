import { Form, InputNumber, Select, Switch } from 'antd'
import { useText } from '../../i18n'
import type { LabelingDraft } from './draft'

const WIDE = { width: '100%' }

/** Who gets which task, and what becomes of answers. */
export function PolicyFields() {
  const t = useText()
  const review = Form.useWatch<boolean | undefined>('review') ?? false
  const assignment = Form.useWatch<LabelingDraft['assignment'] | undefined>('assignment') ?? 'queue'
  return (
    <div className="grid" style={{ rowGap: 0 }}>
      <Form.Item className="span-6" name="assignment" label={t('labeling.assignment')} extra={t(assignment === 'queue' ? 'labeling.queueHint' : 'labeling.personHint')}>
        <Select options={[{ value: 'queue', label: t('labeling.queue') }, { value: 'person', label: t('labeling.person') }]} />
      </Form.Item>
      <Form.Item className="span-6" name="overlap" label={t('labeling.overlap')} extra={t('labeling.overlapHint')}><InputNumber min={1} max={100} precision={0} style={WIDE} /></Form.Item>
      <Form.Item className="span-6" name="leaseMinutes" label={t('labeling.lease')} extra={t('labeling.leaseHint')}><InputNumber min={1} max={43_200} style={WIDE} /></Form.Item>
      <Form.Item className="span-6" name="goldPercent" label={t('labeling.goldRate')} extra={t('labeling.goldHint')}><InputNumber min={0} max={100} style={WIDE} /></Form.Item>
      <Form.Item className="span-6" name="review" label={t('labeling.review')} extra={t('labeling.reviewHint')} valuePropName="checked"><Switch /></Form.Item>
      {review && (
        <Form.Item className="span-6" name="rejected" label={t('labeling.rejectedTo')}>
          <Select options={[{ value: 'toAnnotator', label: t('labeling.toAnnotator') }, { value: 'toQueue', label: t('labeling.toQueue') }]} />
        </Form.Item>
      )}
    </div>
  )
}
