import { SearchOutlined } from '@ant-design/icons'
import { Input, Select } from 'antd'
import { useState } from 'react'
import { useAddress } from '../../components/address'
import { Card } from '../../components/Card'
import { Empty, Failure, Loading } from '../../components/States'
import { useText, type MessageKey } from '../../i18n'
import { grouped, GROUPINGS, severityTone, type Alert } from './alert'
import { AlertRow } from './AlertRow'
import { SilenceForm } from './SilenceForm'
import type { Alerts } from './useAlerts'

const STATES: [Alert['state'], MessageKey][] = [
  ['firing', 'alerts.state.firing'], ['pending', 'alerts.state.pending'], ['silenced', 'alerts.state.silenced'], ['inhibited', 'alerts.state.inhibited'],
]
const BY: Record<(typeof GROUPINGS)[number], MessageKey> = {
  alertname: 'alerts.by.alertname', severity: 'alerts.by.severity', namespace: 'alerts.by.namespace', node: 'alerts.by.node',
}

const textOf = ({ name, labels, annotations }: Alert) => [name, ...Object.entries(labels).map(([key, value]) => `${key}=${value}`), ...Object.values(annotations)].join(' ').toLowerCase()

/** What fires and what is about to, in groups, the most urgent first. */
export function Firing({ all, alerts: asked, project }: { all: Alerts; alerts: Alert[] | undefined; project: string | undefined }) {
  const t = useText()
  const [words, setWords] = useAddress('q')
  const [severity, setSeverity] = useAddress('severity')
  const [state, setState] = useAddress('state')
  const [by, setBy] = useAddress('by', 'alertname')
  const [silencing, silence] = useState<Alert>()
  if (!all.alerts || !asked) return <Card>{all.error ? <Failure error={all.error} retry={all.refetch} /> : <Loading rows={6} />}</Card>
  if (all.alerts.length === 0) return <Card><Empty title={t('alerts.none')} hint={all.noRules ? t('alerts.noRulesHint') : t('alerts.noneHint')} /></Card>
  const severities = [...new Set(asked.map((one) => one.severity))]
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean)
  const shown = asked.filter((one) => (!severity || one.severity === severity) && (!state || one.state === state) && wanted.every((word) => textOf(one).includes(word)))
  const groupings = GROUPINGS.filter((one) => one !== 'namespace' || !project)
  return (
    <>
      <div className="table-tools">
        <Input allowClear prefix={<SearchOutlined />} placeholder={t('alerts.search')} aria-label={t('alerts.search')} value={words} onChange={(event) => setWords(event.target.value)} />
        <Select value={state} onChange={setState} aria-label={t('field.status')} style={{ minWidth: 130 }} options={[{ value: '', label: t('alerts.anyState') }, ...STATES.map(([value, label]) => ({ value, label: t(label) }))]} />
        <Select value={severity} onChange={setSeverity} aria-label={t('alerts.severity')} style={{ minWidth: 130 }} options={[{ value: '', label: t('alerts.anySeverity') }, ...severities.filter(Boolean).map((value) => ({ value, label: value }))]} />
        <Select value={by} onChange={setBy} aria-label={t('alerts.groupBy')} style={{ minWidth: 120 }} options={groupings.map((value) => ({ value, label: t(BY[value]) }))} />
      </div>
      <div className="stack">
        {shown.length === 0 && <Card><Empty title={t('alerts.noneMatch')} hint={t('alerts.noneMatchHint')} /></Card>}
        {grouped(shown, by).map(([name, alerts]) => (
          <Card key={name} title={<span className="row"><span className={`dot tone-${severityTone(alerts[0]?.severity ?? '')}`} aria-hidden />{name || t('alerts.ungrouped')}</span>} extra={t('alerts.count', { count: alerts.length })}>
            <ul className="alerts">
              {alerts.map((one) => <AlertRow key={one.key} alert={one} named={by !== 'alertname'} onSilence={() => silence(one)} />)}
            </ul>
          </Card>
        ))}
      </div>
      {silencing && <SilenceForm of={silencing.labels} alerts={all.alerts} close={() => silence(undefined)} />}
    </>
  )
}
