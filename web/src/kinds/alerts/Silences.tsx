import { useQueryClient } from '@tanstack/react-query'
import { Button, Checkbox } from 'antd'
import { useState } from 'react'
import { expireSilence, matcherWords, silences as quiets, useSilences, type Silence } from '../../api/alertmanager'
import { isAbsent } from '../../api/optional'
import { useAddress } from '../../components/address'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { Danger } from '../../components/Danger'
import { DataTable, type Column } from '../../components/DataTable'
import { isNarrowed, useFilters } from '../../components/filters'
import { NoneFor } from '../../components/NoneFor'
import { Status } from '../../components/Status'
import type { Tone } from '../../components/tone'
import { useText, type MessageKey } from '../../i18n'
import type { Alert } from './alert'
import { isSilenceAbout } from './narrow'
import { SilenceForm } from './SilenceForm'
import type { Alerts } from './useAlerts'

const STATES: Record<Silence['status']['state'], [Tone, MessageKey]> = {
  active: ['accent', 'silences.state.active'], pending: ['muted', 'silences.state.pending'], expired: ['muted', 'silences.state.expired'],
}
const ORDER = ['active', 'pending', 'expired']

/** Under a project only its silences: those that ask for its namespace. */
const belongs = (silence: Silence, project: string) => silence.matchers.some(({ name, value, isRegex, isEqual = true }) => name === 'namespace' && isEqual && !isRegex && value === project)

export function Silences({ all, alerts, project }: { all: Alerts; alerts: Alert[] | undefined; project: string | undefined }) {
  const t = useText()
  const client = useQueryClient()
  const found = useSilences()
  const filters = useFilters()
  const [over, setOver] = useAddress('over')
  const [making, make] = useState(false)
  const absent = isAbsent(found.error)
  const mine = (absent ? [] : found.data)?.filter((one) => !project || belongs(one, project))
    .filter((one) => !isNarrowed(filters) || isSilenceAbout(one, filters, alerts ?? []))
  const rows = mine?.filter((one) => over || one.status.state !== 'expired')
  const create = !absent && <Button type="primary" onClick={() => make(true)}>{t('silences.new')}</Button>
  const columns: Column<Silence>[] = [
    { key: 'state', title: t('field.status'), sort: (one) => ORDER.indexOf(one.status.state), cell: (one) => { const [tone, word] = STATES[one.status.state]; return <Status tone={tone} label={t(word)} /> } },
    {
      key: 'matchers', title: t('silences.matchers'), width: '45%',
      cell: (one) => <div className="wraps"><div className="chips">{one.matchers.map((matcher) => <span key={matcherWords(matcher)} className="chip mono">{matcherWords(matcher)}</span>)}</div>{one.comment && <div className="muted small">{one.comment}</div>}</div>,
    },
    { key: 'affects', title: t('silences.affects'), align: 'right', cell: (one) => (one.status.state === 'active' ? t('alerts.count', { count: all.alerts?.filter(({ labels }) => quiets(one.matchers, labels)).length ?? 0 }) : '—') },
    { key: 'until', title: t('silences.until'), sort: (one) => one.endsAt, cell: (one) => <Ago time={one.endsAt} /> },
    { key: 'by', title: t('silences.by'), from: 'md', sort: (one) => one.createdBy, cell: (one) => one.createdBy },
    {
      key: 'go', title: '', align: 'right',
      cell: (one) => one.status.state !== 'expired' && (
        <Danger size="small" label={t('silences.expire')} question={t('silences.expireAsk')} consequence={t('silences.expireWhat')}
          act={() => expireSilence(one.id).then(() => client.invalidateQueries({ queryKey: ['alertmanager'] }))} />
      ),
    },
  ]
  return (
    <Card extra={create}>
      <DataTable rows={rows} error={found.error} retry={found.refetch} columns={columns} rowKey={(one) => one.id} order="state" prefix="silences."
        text={(one) => `${one.matchers.map(matcherWords).join(' ')} ${one.comment} ${one.createdBy}`}
        tools={mine?.some((one) => one.status.state === 'expired') && <Checkbox checked={over === '1'} onChange={(event) => setOver(event.target.checked ? '1' : '')} style={{ alignItems: 'center' }}>{t('silences.showOver')}</Checkbox>}
        empty={<NoneFor title={t('silences.none')} hint={t('silences.noneHint')} />} />
      {making && <SilenceForm of={project ? { namespace: project } : {}} alerts={all.alerts ?? []} close={() => make(false)} />}
    </Card>
  )
}
