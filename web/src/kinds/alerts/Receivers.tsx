import { Button, Modal } from 'antd'
import { useState } from 'react'
import { testReceiver, useReceivers, type Attempt, type Integration, type Receiver } from '../../api/alertmanager'
import { isAbsent } from '../../api/optional'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { Code } from '../../components/Code'
import { Notice } from '../../components/Notice'
import { Empty, Failure, Loading } from '../../components/States'
import { Status } from '../../components/Status'
import type { Tone } from '../../components/tone'
import { useAct } from '../../components/useAct'
import { useText, type MessageKey, type Translate } from '../../i18n'
import { duration } from '../../i18n/format'

const KINDS: Record<string, MessageKey> = {
  email: 'kind.email', webhook: 'kind.webhook', slack: 'kind.slack', dingtalk: 'kind.dingtalk', wecom: 'kind.wecom', feishu: 'kind.feishu',
}
const kindWords = (t: Translate, kind: string) => (KINDS[kind] ? t(KINDS[kind]) : kind)

/** Who is told, how that goes, and a test that says what they answered. */
export function Receivers() {
  const t = useText()
  const found = useReceivers()
  if (!found.data) {
    if (isAbsent(found.error)) return <Card><Empty title={t('receivers.none')} hint={t('alerts.absentHint')} /></Card>
    return <Card>{found.error ? <Failure error={found.error} retry={found.refetch} /> : <Loading />}</Card>
  }
  if (found.data.length === 0) return <Card><Empty title={t('receivers.none')} hint={t('receivers.noneHint')} /></Card>
  const told = found.data.some((one) => one.integrations)
  return (
    <div className="stack">
      {!told && <Notice tone="muted">{t('receivers.namesOnly')}</Notice>}
      {found.data.map((one) => <OneReceiver key={one.name} receiver={one} />)}
    </div>
  )
}

function OneReceiver({ receiver }: { receiver: Receiver }) {
  const t = useText()
  const { busy, act } = useAct()
  const [attempts, setAttempts] = useState<Attempt[]>()
  const { name, integrations } = receiver
  const test = () => act(async () => setAttempts(await testReceiver(name)))
  return (
    <Card title={name} extra={integrations && integrations.length > 0 && <Button size="small" loading={busy} onClick={() => void test()}>{t('receivers.test')}</Button>}>
      {integrations?.map((one) => <Way key={one.integration} of={one} />)}
      <Modal open={attempts !== undefined} title={t('receivers.testOf', { name })} onCancel={() => setAttempts(undefined)} footer={null} width={640}>
        <div className="stack">{attempts?.map((one) => <Outcome key={one.integration} attempt={one} />)}</div>
      </Modal>
    </Card>
  )
}

function Way({ of }: { of: Integration }) {
  const t = useText()
  const { lastDelivered, failingSince, lastError } = of.health ?? {}
  return (
    <div className="way">
      <span><span className="strong">{kindWords(t, of.kind)}</span>{of.sendResolved && <span className="muted small"> {t('receivers.resolved')}</span>}</span>
      <span>
        {failingSince ? <><Status tone="error" label={t('receivers.failing')} /> <span className="muted small"><Ago time={failingSince} /></span></>
          : lastDelivered ? <><Status tone="success" label={t('receivers.well')} /> <span className="muted small"><Ago time={lastDelivered} /></span></>
          : <Status tone="muted" label={t('receivers.idle')} />}
        {failingSince && lastError && <div className="muted small anywhere">{lastError.status ? `${lastError.status} ` : ''}{lastError.answer}</div>}
      </span>
      <span className="muted numbers">{of.queued > 0 && `${t('receivers.queued')}: ${of.queued}`}</span>
    </div>
  )
}

const VERDICTS: Record<Attempt['verdict'], [Tone, MessageKey]> = {
  delivered: ['success', 'receivers.delivered'], retry: ['warning', 'receivers.retry'], refused: ['error', 'receivers.refused'],
}

function Outcome({ attempt }: { attempt: Attempt }) {
  const t = useText()
  const [tone, word] = VERDICTS[attempt.verdict]
  const status = [attempt.status, attempt.code].filter((one) => one !== undefined && one !== null).join(', ')
  return (
    <div className="stack tight">
      <div className="row wrap"><span className="strong mono">{attempt.integration}</span><Status tag tone={tone} label={t(word)} /><span className="muted small numbers">{t('receivers.answered', { status: status || t('receivers.noAnswer'), time: duration(attempt.seconds) })}</span></div>
      <Code wrap label={t('receivers.testOf', { name: attempt.integration })} text={attempt.answer || t('receivers.silent')} />
    </div>
  )
}
