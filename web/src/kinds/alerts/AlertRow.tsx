import { App, Button, Input } from 'antd'
import { useQueryClient } from '@tanstack/react-query'
import { useRef } from 'react'
import { Link } from 'react-router'
import { acknowledge, withdraw } from '../../api/alertmanager'
import { Ago } from '../../components/Ago'
import { useTravel } from '../../components/range'
import { Status } from '../../components/Status'
import { useAct } from '../../components/useAct'
import { useText, type MessageKey, type Translate } from '../../i18n'
import { duration, metric } from '../../i18n/format'
import { distinguishing, jumpsOf, severityTone, type Alert } from './alert'

const STATES: Record<Alert['state'], MessageKey> = {
  firing: 'alerts.state.firing', pending: 'alerts.state.pending', silenced: 'alerts.state.silenced', inhibited: 'alerts.state.inhibited',
}
const TO: Record<string, MessageKey> = {
  explore: 'alerts.to.explore', app: 'alerts.to.app', service: 'alerts.to.service', machine: 'alerts.to.machine', device: 'alerts.to.device', logs: 'alerts.to.logs',
}

interface Props {
  alert: Alert
  /** Says its name too: the group is named otherwise. */
  named: boolean
  onSilence?: (() => void) | undefined
}

/** One alert: what, since when, how bad, about what, who is on it, and where to look. */
export function AlertRow({ alert, named, onSilence }: Props) {
  const t = useText()
  const travel = useTravel()
  const { summary, description, message, runbook_url: runbook } = alert.annotations
  const title = summary ?? message ?? alert.name
  return (
    <li className="alert">
      <div className="alert-head">
        <span className={`tag tone-${severityTone(alert.severity)}`}>{alert.severity || t('alerts.noSeverity')}</span>
        {alert.state !== 'firing' && <Status tag tone="muted" label={t(STATES[alert.state])} />}
        {named && title !== alert.name && <span className="muted">{alert.name}</span>}
        <span className="strong anywhere">{title}</span>
      </div>
      {description && description !== title && <p className="anywhere">{description}</p>}
      <div className="chips" role="group" aria-label={t('alerts.labels')}>
        {distinguishing(alert.labels).map(([name, value]) => <span key={name} className="chip mono">{name}={value}</span>)}
      </div>
      <div className="alert-foot">
        <span className="page-facts numbers">{facts(alert, t).map((fact, index) => (
          // The facts keep their order.
          // oxlint-disable-next-line react/no-array-index-key
          <span key={index}>{fact}</span>
        ))}</span>
        <span className="row wrap alert-acts">
          {jumpsOf(alert).map(({ to, address }) => <Link key={to} to={travel(address)}>{t(TO[to] ?? 'alerts.to.logs')}</Link>)}
          {runbook && /^https?:/.test(runbook) && <a href={runbook} target="_blank" rel="noreferrer">{t('alerts.runbook')}</a>}
          {alert.fingerprint && alert.state === 'firing' && <Acknowledge alert={alert} fingerprint={alert.fingerprint} />}
          {alert.fingerprint && onSilence && <Button size="small" onClick={onSilence}>{t('silences.make')}</Button>}
        </span>
      </div>
    </li>
  )
}

function facts(alert: Alert, t: Translate): React.ReactNode[] {
  const { acknowledged, rule } = alert
  return [
    alert.since && <span key="since">{t('alerts.since')} <Ago time={alert.since} /></span>,
    alert.state === 'pending' && rule?.duration ? t('alerts.pendingFor', { time: duration(rule.duration) }) : undefined,
    alert.value !== undefined && <span key="value">{t('alerts.value')} {metric(alert.value)}</span>,
    acknowledged && <span key="ack" className="toned tone-success">{t('alerts.acknowledged', { user: acknowledged.user })}{acknowledged.comment ? `: ${acknowledged.comment}` : ''}</span>,
    alert.receivers.length > 0 && t('alerts.sentTo', { receivers: alert.receivers.join(', ') }),
  ].filter(Boolean)
}

/** Says that somebody is on it, or takes that back. */
function Acknowledge({ alert, fingerprint }: { alert: Alert; fingerprint: string }) {
  const t = useText()
  const client = useQueryClient()
  const { modal } = App.useApp()
  const { busy, act } = useAct()
  const comment = useRef('')
  const refresh = () => client.invalidateQueries({ queryKey: ['alertmanager'] })
  if (alert.acknowledged) {
    return <Button size="small" loading={busy} onClick={() => void act(() => withdraw(fingerprint).then(refresh), t('alerts.withdrawn'))}>{t('alerts.withdraw')}</Button>
  }
  const ask = () =>
    modal.confirm({
      title: t('alerts.acknowledge'), icon: null, okText: t('alerts.acknowledge'), cancelText: t('action.cancel'),
      content: (
        <>
          <p>{t('alerts.acknowledgeWhat')}</p>
          <Input.TextArea rows={2} aria-label={t('alerts.comment')} placeholder={t('alerts.comment')} style={{ marginTop: 10 }} onChange={(event) => { comment.current = event.target.value }} />
        </>
      ),
      onOk: () => act(() => acknowledge(fingerprint, comment.current).then(refresh), t('alerts.acknowledgedDone')),
    })
  return <Button size="small" loading={busy} onClick={ask}>{t('alerts.acknowledge')}</Button>
}
