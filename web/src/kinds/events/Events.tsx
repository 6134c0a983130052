import { Input, Select } from 'antd'
import { useMemo, useState } from 'react'
import { EVENTS_INDEX, useTopValues, type LogLine, type LogWindow } from '../../api/logs'
import { useSince } from '../../components/address'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { PageHead } from '../../components/PageHead'
import { Empty, Loading } from '../../components/States'
import { Status } from '../../components/Status'
import { useText } from '../../i18n'
import { number } from '../../i18n/format'
import { Everywhere } from '../../objects/Everywhere'
import { valueOf } from '../../objects/LogLinesParts'
import { NarrowRange } from '../../objects/NarrowRange'
import { reasonWords } from '../../objects/reasons'
import { Chosen } from '../logs/Filters'
import { Histogram } from '../logs/Histogram'
import { More } from '../logs/More'
import { NotUnderstood } from '../logs/NotUnderstood'
import { ShareLink } from '../logs/ShareLink'
import { usePages } from '../logs/usePages'
import { useLogSearch, type LogSearch } from '../logs/useSearch'
import { ObjectLink } from './ObjectLink'

const REASON = 'fields.event.reason'
const KIND = 'fields.event.kind'
const NONE: string[] = []
const DAY_MS = 86_400_000
const OFFERED = 50

/** What happened to the objects of the cluster, kept longer than the cluster itself keeps it. */
export function EventList() {
  const t = useText()
  const search = useLogSearch(NONE)
  const { seconds } = useSince()
  const { fixed, project } = search
  const [opened] = useState(Date.now)
  const offered = useMemo(() => fixed ?? { from: opened - seconds * 1000, to: opened + DAY_MS }, [fixed, opened, seconds])
  return (
    <>
      <PageHead title={t('nav.events')} facts={[!project && t('scope.everywhere')]} actions={<><Everywhere page="events" /><ShareLink search={search} /></>} />
      <Card>
        <Filters search={search} window={offered} />
        <Found search={search} seconds={seconds} />
      </Card>
    </>
  )
}

function Filters({ search, window }: { search: LogSearch; window: LogWindow }) {
  const t = useText()
  return (
    <>
      <div className="table-tools">
        <Input.Search className="log-query" allowClear key={search.text} defaultValue={search.text} onSearch={(text) => search.set('q', text.trim())} placeholder={t('events.query')} aria-label={t('events.query')} spellCheck={false} />
        <Choice search={search} window={window} field={KIND} any={t('events.anyKind')} label={t('events.kind')} />
        <Choice search={search} window={window} field={REASON} any={t('events.anyReason')} label={t('events.reason')} />
        <Select value={search.filter.level ?? ''} onChange={(level) => search.set('level', level)} aria-label={t('event.type')} style={{ minWidth: 110 }}
          options={[{ value: '', label: t('events.anyType') }, { value: 'warn', label: t('event.warning') }, { value: 'info', label: t('event.normal') }]} />
        <NarrowRange />
      </div>
      <Chosen search={search} />
    </>
  )
}

interface ChoiceProps {
  search: LogSearch
  window: LogWindow
  field: string
  any: string
  label: string
}

/** One value of a field out of the most frequent; it becomes a filter. */
function Choice({ search, window, field, any, label }: ChoiceProps) {
  const place = search.project ? { namespace: search.project } : {}
  const top = useTopValues(field, place, window, OFFERED, { index: EVENTS_INDEX })
  return (
    <Select showSearch value={null} placeholder={any} aria-label={label} onChange={(value: string | null) => { if (value !== null) search.add(field, value) }} style={{ minWidth: 150 }} popupMatchSelectWidth={false}
      options={(top.data?.values ?? []).map(({ value, count }) => ({ value, label: `${value} (${number(count, 0)})` }))} />
  )
}

function Found({ search, seconds }: { search: LogSearch; seconds: number }) {
  const t = useText()
  const { filter, fixed } = search
  const { lines, first, error, loading, more, refetch } = usePages(filter, seconds, fixed, EVENTS_INDEX)
  if (!first) return error ? <NotUnderstood error={error} text={search.text} retry={refetch} /> : <Loading rows={8} />
  const narrowed = Boolean(filter.text || filter.level || filter.is || filter.not || filter.pods || filter.app || fixed)
  return (
    <>
      {error && <NotUnderstood error={error} text={search.text} retry={refetch} />}
      {(lines.length > 0 || narrowed) && <Histogram histogram={first.histogram} window={first.window} choose={search.between} />}
      <div className="row spread muted small numbers" style={{ marginBottom: 8 }}>
        <span>{t('events.total', { shown: number(lines.length, 0), total: number(first.total, 0) })}</span>
        {fixed && <button type="button" className="plain link" onClick={() => search.between(undefined)}>{t('explorer.wholeRange')}</button>}
      </div>
      {lines.length === 0 ? <Empty title={t('event.none')} hint={narrowed ? t('events.noneHint') : t('events.noneYet')} /> : (
        <>
          <ol className="events">{lines.map((line) => <Row key={line._id ?? `${line['@timestamp']}${line.message}`} line={line} search={search} />)}</ol>
          <More more={more} loading={loading} />
        </>
      )}
    </>
  )
}

function Row({ line, search }: { line: LogLine; search: LogSearch }) {
  const t = useText()
  const warning = line.severity?.startsWith('warn') ?? false
  const reason = valueOf(line, REASON)
  const count = Number(valueOf(line, 'fields.event.count') || 1)
  const component = valueOf(line, 'fields.event.component')
  return (
    <li>
      <span className="small muted"><Ago time={line['@timestamp']} /></span>
      <Status tone={warning ? 'warning' : 'muted'} label={warning ? t('event.warning') : t('event.normal')} />
      <ObjectLink line={line} showProject={!search.project} />
      <div className="anywhere">
        <button type="button" className="plain strong" title={t('explorer.in', { field: REASON, value: reason })} onClick={() => search.add(REASON, reason)}>{reasonWords(t, reason)}</button>{' '}
        <span className="muted" translate="no">{line.message}</span>
        {(count > 1 || component) && <div className="small muted numbers">{[count > 1 && t('events.times', { count: number(count, 0) }), component].filter(Boolean).join(' · ')}</div>}
      </div>
    </li>
  )
}
