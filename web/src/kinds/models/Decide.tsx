import { useQueryClient } from '@tanstack/react-query'
import { Form, Input, Modal } from 'antd'
import { useState } from 'react'
import { decide, type Approval, type Verb } from '../../api/approvals'
import { useAct } from '../../components/useAct'
import { useText, type MessageKey } from '../../i18n'
import { change, isReason, MOST_WORDS } from './approval'

export const WORDS: Record<Verb, MessageKey> = { approve: 'approvals.approve', reject: 'approvals.reject', withdraw: 'approvals.withdraw' }

/** Asks why, and decides. */
export function Decide({ project, request, verb, close }: { project: string; request: Approval; verb: Verb; close: () => void }) {
  const t = useText()
  const client = useQueryClient()
  const { busy, act } = useAct()
  const [reason, setReason] = useState('')
  const ready = isReason(reason) || (verb === 'withdraw' && reason.trim() === '')
  const save = async () => {
    const done = await act(() => decide(project, request.id, verb, reason.trim()), t('approvals.decided'))
    // Somebody else may have been faster: the page is to say so.
    await client.invalidateQueries({ queryKey: ['mlflow', project] })
    if (done) close()
  }
  return (
    <Modal open title={`${t(WORDS[verb])}: ${request.name}@${request.alias} ${change(t, request)}`} onCancel={close} onOk={() => void save()}
      okText={t(WORDS[verb])} cancelText={t('action.cancel')} okButtonProps={{ disabled: !ready, loading: busy, danger: verb === 'reject' }}>
      <Form layout="vertical">
        <Form.Item label={t('approvals.reason')} htmlFor="decision-reason">
          <Input.TextArea id="decision-reason" autoFocus rows={3} maxLength={MOST_WORDS} value={reason} onChange={(event) => setReason(event.target.value)} />
        </Form.Item>
      </Form>
    </Modal>
  )
}
