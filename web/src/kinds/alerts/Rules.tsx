import { Select } from 'antd'
import { useMemo } from 'react'
import { Link } from 'react-router'
import type { Rule } from '../../api/rules'
import { useAddress } from '../../components/address'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { useFilters } from '../../components/filters'
import { NoneFor } from '../../components/NoneFor'
import { Status } from '../../components/Status'
import type { Tone } from '../../components/tone'
import { useTravel } from '../../components/range'
import { at } from '../../frame/useProject'
import { useText, type MessageKey } from '../../i18n'
import { duration } from '../../i18n/format'
import { severityTone, urgency } from './alert'
import { conditionOf, evaluatedAt, isRefused } from './condition'
import { isRuleOf, useNarrowedRules } from './narrow'
import type { Alerts } from './useAlerts'

const STATE: Record<NonNullable<Rule['state']>, [Tone, MessageKey]> = {
  firing: ['error', 'alerts.state.firing'], pending: ['warning', 'alerts.state.pending'], inactive: ['muted', 'alerts.state.inactive'],
}
const TROUBLE = ['firing', 'pending', 'inactive']

interface Row extends Rule {
  group: string
  /** Where its group comes from. */
  file: string
}

/** Rules, under a project that project's: what it asks, whether it works, when it was last evaluated. */
export function Rules({ all, project }: { all: Alerts; project: string | undefined }) {
  const t = useText()
  const travel = useTravel()
  const [health, setHealth] = useAddress('health')
  const every = useMemo(() => all.groups?.flatMap(({ name, file, rules }) => rules.map((rule): Row => ({ ...rule, group: name, file }))).filter((rule) => !project || isRuleOf(rule, project)), [all.groups, project])
  const rows = useNarrowedRules(every, useFilters())
  const shown = rows?.filter((rule) => !health || rule.health === health)
  const explore = (rule: Row) => travel(`${project ? at(project, 'explore') : '/explore'}?expr=${encodeURIComponent(rule.query)}`)
  const severity = (rule: Row) => rule.labels?.severity ?? ''
  const columns: Column<Row>[] = [
    {
      key: 'name', title: t('field.name'), sort: (rule) => rule.name,
      cell: (rule) => <div className="rule-name"><span className="strong">{rule.name}</span><div className="muted small">{rule.group}</div></div>,
    },
    {
      key: 'state', title: t('field.status'), sort: (rule) => TROUBLE.indexOf(rule.state ?? 'inactive'),
      cell: (rule) => {
        if (isRefused(rule)) return '—'
        if (rule.type === 'recording') return <span className="muted">{t('rules.records')}</span>
        const [tone, word] = STATE[rule.state ?? 'inactive']
        return <span className="row"><Status tone={tone} label={t(word)} />{severity(rule) && <span className={`tag tone-${severityTone(severity(rule))}`}>{severity(rule)}</span>}</span>
      },
    },
    {
      key: 'expression', title: t('rules.expression'), from: 'md',
      cell: (rule) => <div className="wraps" style={{ minWidth: 320 }}><Link className="mono" to={explore(rule)}>{rule.query}</Link>{rule.duration ? <span className="muted small"> {t('rules.for', { time: duration(rule.duration) })}</span> : null}</div>,
    },
    {
      key: 'health', title: t('condition.type'), sort: (rule) => rule.health,
      cell: (rule) => {
        const [tone, word] = conditionOf(rule)
        return <div className={rule.lastError ? 'wraps' : ''}><Status tone={tone} label={t(word)} />{rule.lastError && <div className="muted small anywhere">{rule.lastError}</div>}</div>
      },
    },
    { key: 'evaluated', title: t('rules.evaluated'), from: 'lg', sort: (rule) => rule.lastEvaluation, cell: (rule) => <Ago time={evaluatedAt(rule)} /> },
    { key: 'took', title: t('rules.took'), align: 'right', from: 'xl', sort: (rule) => rule.evaluationTime, cell: (rule) => (rule.evaluationTime ? duration(rule.evaluationTime) : '—') },
  ]
  return (
    <Card extra={rows && t('rules.count', { count: rows.length })}>
      <DataTable rows={shown?.toSorted((a, b) => urgency(severity(a)) - urgency(severity(b)))} error={all.error} retry={all.refetch} columns={columns} rowKey={(rule) => `${rule.group}/${rule.name}/${rule.query}/${JSON.stringify(rule.labels)}`} order="state" prefix="rules."
        text={(rule) => `${rule.name} ${rule.group} ${rule.query} ${severity(rule)}`}
        tools={rows && rows.length > 0 && <Select value={health} onChange={setHealth} aria-label={t('condition.type')} style={{ minWidth: 150 }} options={[{ value: '', label: t('rules.anyHealth') }, { value: 'err', label: t('rules.onlyBad') }]} />}
        empty={<NoneFor title={t('rules.none')} hint={t('rules.noneHint')} />} />
    </Card>
  )
}
