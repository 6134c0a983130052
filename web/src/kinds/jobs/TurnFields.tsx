import { Form, Input, InputNumber, Select, Switch } from 'antd'
import { useQueues } from '../../api/queues'
import { Card } from '../../components/Card'
import { useText } from '../../i18n'
import { usableBy } from '../queues/shares'
import type { Draft } from './draft'

/** Whose turn it is, and what is kept when the job has to make room. */
export function TurnFields({ project }: { project: string }) {
  const t = useText()
  const queues = usableBy(useQueues().data ?? [], project)
  const keeps = Form.useWatch<Draft['checkpoints']>('checkpoints')
  return (
    <Card title={t(queues.length ? 'jobs.turn' : 'jobs.checkpoints')}>
      <div className="grid" style={{ rowGap: 0 }}>
        {queues.length > 0 && (
          <>
            <Form.Item className="span-4" name="queue" label={t('jobs.queue')} extra={t('jobs.queueHint')}>
              <Select allowClear placeholder={t('jobs.noQueue')} options={queues.map(({ name, line }) => ({ value: name, label: line.length ? `${name} · ${t('queues.waitingCount', { count: line.length })}` : name }))} />
            </Form.Item>
            <Form.Item className="span-4" name="priority" label={t('jobs.priority')} extra={t('jobs.priorityHint')}><InputNumber min={-1000} max={1000} placeholder="0" style={{ width: '100%' }} /></Form.Item>
          </>
        )}
        <Form.Item className="span-4" name="checkpoints" label={t('jobs.keep')} extra={t('jobs.checkpointsHint')} valuePropName="checked"><Switch /></Form.Item>
        {keeps && (
          <Form.Item className="span-4" name="checkpointSize" label={t('jobs.checkpointSize')} extra={t('jobs.checkpointSizeHint')} rules={[{ pattern: /^\d+(\.\d+)?([KMGT]i?)?$/, message: t('jobs.memoryHint') }]}>
            <Input placeholder="10Gi" />
          </Form.Item>
        )}
      </div>
    </Card>
  )
}
