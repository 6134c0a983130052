import { useQueryClient } from '@tanstack/react-query'
import { AutoComplete, Button, Form, Input, Modal, Select } from 'antd'
import { useState } from 'react'
import { ask, type Approvals } from '../../api/approvals'
import { dropAlias, setAlias, type ModelVersion, type RegisteredModel } from '../../api/mlflow'
import { useAct } from '../../components/useAct'
import { useText } from '../../i18n'
import { isAlias, isProtected, isReason, MOST_WORDS } from './approval'

interface Props {
  project: string
  model: RegisteredModel
  versions: ModelVersion[]
  approvals: Approvals | undefined
  /** What the form begins with; without a version the alias is to be removed. */
  alias?: string
  version?: string
  close: () => void
}

/** An alias to another version: at once, or as a request where it is protected; says which. */
export function MoveAlias({ project, model, versions, approvals, alias: given = '', version: first, close }: Props) {
  const t = useText()
  const client = useQueryClient()
  const { busy, act } = useAct()
  const removes = first === undefined
  const [alias, setName] = useState(given)
  const [version, setVersion] = useState(first)
  const [reason, setReason] = useState('')
  const asks = isProtected(approvals, alias)
  const ready = isAlias(alias) && (!asks || isReason(reason))
  const direct = () => (version === undefined ? dropAlias(project, model.name, alias) : setAlias(project, model.name, alias, version))
  const request = () => ask(project, { name: model.name, alias, reason: reason.trim(), ...(version !== undefined && { version }) })
  const save = async () => {
    const done = await act(asks ? request : direct, t(asks ? 'approvals.requested' : 'approvals.moved'))
    await client.invalidateQueries({ queryKey: ['mlflow', project] })
    if (done) close()
  }
  const names = new Set([...(approvals?.protected_aliases ?? []), ...(model.aliases?.map((one) => one.alias) ?? [])])
  const now = removes ? t('approvals.applyRemove') : t('approvals.apply')
  return (
    <Modal open title={removes ? t('approvals.remove') : t('approvals.move')} onCancel={close} onOk={() => void save()} cancelText={t('action.cancel')}
      okText={asks ? t('approvals.request') : now} okButtonProps={{ disabled: !ready, loading: busy }}>
      <Form layout="vertical">
        <Form.Item label={t('approvals.alias')} htmlFor="move-alias" {...(alias && !isAlias(alias) && { validateStatus: 'error', help: t('approvals.aliasHint') })}>
          <AutoComplete id="move-alias" value={alias} disabled={removes} onChange={(text: string) => setName(text.trim())} options={[...names].map((value) => ({ value }))} placeholder="champion" />
        </Form.Item>
        {!removes && (
          <Form.Item label={t('approvals.version')} htmlFor="move-version">
            <Select id="move-version" showSearch value={version} onChange={setVersion} options={versions.map((one) => ({ value: one.version, label: t('models.version', { version: one.version }) }))} />
          </Form.Item>
        )}
        {asks && (
          <Form.Item label={t('approvals.reason')} htmlFor="move-reason" help={t('approvals.reasonHint')}>
            <Input.TextArea id="move-reason" rows={3} maxLength={MOST_WORDS} value={reason} onChange={(event) => setReason(event.target.value)} />
          </Form.Item>
        )}
      </Form>
      {alias && <p className="muted" role="status">{asks ? t('approvals.asks') : t('approvals.direct')}</p>}
    </Modal>
  )
}

/** Begins with a version; shown to those who may. */
export function MoveButton(props: Omit<Props, 'alias' | 'close'>) {
  const t = useText()
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button onClick={() => setOpen(true)}>{t('approvals.move')}</Button>
      {open && <MoveAlias {...props} close={() => setOpen(false)} />}
    </>
  )
}
