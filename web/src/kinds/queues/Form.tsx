import { DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import { useQueryClient } from '@tanstack/react-query'
import { AutoComplete, Button, Form, Input, Modal, Select } from 'antd'
import { useState } from 'react'
import { ApiError } from '../../api/http'
import { QUEUES } from '../../api/kinds'
import { create, merge } from '../../api/kube'
import type { QueueView } from '../../api/queues'
import { Notice } from '../../components/Notice'
import { ErrorWords } from '../../components/States'
import { useFrame } from '../../frame/context'
import { useText } from '../../i18n'
import { BLANK, draftOf, patchOf, placeOf, queueOf, type QueueDraft } from './draft'
import { PREEMPTION, STOP, STRATEGY } from './words'

const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const QUANTITY = /^\d+(\.\d+)?(m|[kMGTP]|[KMGTP]i)?$/
const RESOURCES = ['cpu', 'memory', 'nvidia.com/gpu']

/** Makes a queue, or changes one; a button that opens the form. */
export function QueueForm({ queue }: { queue?: QueueView }) {
  const t = useText()
  const client = useQueryClient()
  const [form] = Form.useForm<QueueDraft>()
  const [open, setOpen] = useState(false)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<Error | null>(null)
  const title = queue ? t('queues.edit') : t('queues.new')
  const save = async (draft: QueueDraft) => {
    setBusy(true)
    setError(null)
    try {
      await (queue ? merge(QUEUES, undefined, queue.name, patchOf(draft)) : create(QUEUES, queueOf(draft)))
      await client.invalidateQueries({ queryKey: ['queues'] })
      setOpen(false)
    } catch (cause) {
      setError(cause as Error)
      for (const { field, message } of cause instanceof ApiError ? cause.causes : []) {
        const name = placeOf(field)
        if (name) form.setFields([{ name, errors: [message] }])
      }
    } finally {
      setBusy(false)
    }
  }
  return (
    <>
      <Button {...(!queue && { type: 'primary' as const })} onClick={() => setOpen(true)}>{title}</Button>
      <Modal open={open} width={680} onCancel={() => setOpen(false)} title={title} okText={queue ? t('action.save') : t('action.create')} cancelText={t('action.cancel')} confirmLoading={busy} onOk={() => form.submit()} destroyOnHidden>
        <Form<QueueDraft> form={form} layout="vertical" requiredMark={false} initialValues={queue ? draftOf(queue) : BLANK} onFinish={(draft) => void save(draft)} style={{ marginTop: 16 }}>
          {!queue && <Form.Item name="name" label={t('field.name')} rules={[{ required: true, message: t('form.required') }, { pattern: NAME, message: t('form.name') }]}><Input autoComplete="off" placeholder="gpu-train" /></Form.Item>}
          <Quotas />
          <Rules />
          {error && <Notice tone="error" title={t('queues.refused')}><ErrorWords error={error} /></Notice>}
        </Form>
      </Modal>
    </>
  )
}

function Quotas() {
  const t = useText()
  const amount = { pattern: QUANTITY, message: t('queues.quantityHint') }
  return (
    <Form.Item label={t('queues.resources')} extra={t('queues.resourcesHint')}>
      <Form.List name="resources">
        {(rows, { add, remove }) => (
          <div className="stack tight">
            {rows.map(({ key, name }) => (
              <div className="row" key={key} style={{ alignItems: 'flex-start' }}>
                <Form.Item name={[name, 'name']} style={{ flex: 1.4, margin: 0 }} rules={[{ required: true, message: t('form.required') }]}><AutoComplete aria-label={t('queues.resource')} placeholder="cpu" options={RESOURCES.map((value) => ({ value }))} /></Form.Item>
                <Form.Item name={[name, 'nominalQuota']} style={{ flex: 1, margin: 0 }} rules={[{ required: true, message: t('form.required') }, amount]}><Input aria-label={t('queues.quota')} placeholder={t('queues.quota')} /></Form.Item>
                <Form.Item name={[name, 'borrowingLimit']} style={{ flex: 1, margin: 0 }} rules={[amount]}><Input aria-label={t('queues.borrowingLimit')} placeholder={t('queues.borrowingLimit')} /></Form.Item>
                <Button type="text" icon={<DeleteOutlined />} aria-label={t('action.delete')} onClick={() => remove(name)} />
              </div>
            ))}
            <div><Button size="small" icon={<PlusOutlined />} onClick={() => add({})}>{t('queues.addResource')}</Button></div>
          </div>
        )}
      </Form.List>
    </Form.Item>
  )
}

function Rules() {
  const t = useText()
  const { projects } = useFrame()
  const choices = (of: Record<string, string>) => Object.entries(of).map(([value, label]) => ({ value, label }))
  return (
    <div className="grid" style={{ rowGap: 0 }}>
      <Form.Item className="span-6" name="cohort" label={t('queues.cohort')} extra={t('queues.cohortHint')}><Input autoComplete="off" /></Form.Item>
      <Form.Item className="span-6" name="projects" label={t('nav.projects')} extra={t('queues.projectsHint')}>
        <Select mode="tags" options={projects?.map(({ name }) => ({ value: name, label: name })) ?? []} />
      </Form.Item>
      <Form.Item className="span-6" name="strategy" label={t('queues.strategy')}>
        <Select options={choices({ BestEffortFIFO: t(STRATEGY.BestEffortFIFO), StrictFIFO: t(STRATEGY.StrictFIFO) })} />
      </Form.Item>
      <Form.Item className="span-6" name="preemption" label={t('queues.preemption')}>
        <Select options={choices({ Never: t(PREEMPTION.Never), LowerPriority: t(PREEMPTION.LowerPriority) })} />
      </Form.Item>
      <Form.Item className="span-12" name="stopPolicy" label={t('queues.stopPolicy')}>
        <Select options={choices({ None: t(STOP.None.word), Hold: `${t(STOP.Hold.word)}: ${t('queues.heldHint')}`, HoldAndDrain: `${t(STOP.HoldAndDrain.word)}: ${t('queues.drainedHint')}` })} />
      </Form.Item>
    </div>
  )
}
