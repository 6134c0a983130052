import { Button, Switch } from 'antd'
import { useCallback, useMemo, useState } from 'react'
import type { LogLine } from '../../api/logs'
import { useSince } from '../../components/address'
import { Card } from '../../components/Card'
import { PageHead } from '../../components/PageHead'
import { Empty, Loading } from '../../components/States'
import { useText } from '../../i18n'
import { dateTime, number } from '../../i18n/format'
import { Everywhere } from '../../objects/Everywhere'
import { LogLines } from '../../objects/LogLines'
import { TailMark } from '../../objects/TailMark'
import { useTail } from '../../objects/useTail'
import { Context } from './Context'
import { Download } from './Download'
import { Fields } from './Fields'
import { Filters } from './Filters'
import { Histogram } from './Histogram'
import { LineDetails } from './LineDetails'
import { More } from './More'
import { NotUnderstood } from './NotUnderstood'
import { SavedSearches } from './SavedSearches'
import { ShareLink } from './ShareLink'
import { usePages } from './usePages'
import { useLogSearch, type LogSearch } from './useSearch'

const COLUMNS = ['pod']
const KNOWN = ['severity', 'app', 'pod', 'container', 'node', 'user', 'stream']
const KNOWN_EVERYWHERE = ['namespace', ...KNOWN]
const HOUR_MS = 3_600_000
const TAIL_LINES = 500
/** The boxes offer what comes while the page is open, too. */
const DAY_MS = 24 * HOUR_MS

/** One search, one address: words, application, pod, level, any field, time. */
export function LogExplorer() {
  const t = useText()
  const search = useLogSearch(COLUMNS)
  const { seconds } = useSince()
  const { fixed } = search
  const [opened] = useState(Date.now)
  const [context, setContext] = useState<LogLine>()
  const offered = useMemo(() => fixed ?? { from: opened - seconds * 1000, to: opened + DAY_MS }, [fixed, opened, seconds])
  return (
    <>
      <PageHead title={t('nav.logs')} facts={[!search.project && t('scope.everywhere')]} actions={
        <>
          <Everywhere page="logs" />
          <label className="row">
            {t('explorer.live')}
            <Switch checked={search.live} onChange={(on) => search.set('live', on ? '1' : '')} aria-label={t('explorer.live')} />
          </label>
          <SavedSearches search={search} />
          <ShareLink search={search} />
        </>
      } />
      <Card>
        <Filters search={search} window={offered} />
        {search.live ? <Following search={search} around={setContext} /> : <Pages search={search} around={setContext} seconds={seconds} />}
      </Card>
      {context && <Context line={context} close={() => setContext(undefined)} />}
    </>
  )
}

interface Found {
  search: LogSearch
  around: (line: LogLine) => void
}

/** What an opened line shows, the same function as long as the search is. */
function useDetails({ search, around }: Found) {
  return useCallback((line: LogLine) => <LineDetails line={line} search={search} around={around} />, [search, around])
}

function Following({ search, around }: Found) {
  const t = useText()
  const [from] = useState(() => Date.now() - HOUR_MS)
  const tail = useTail({ filter: search.filter, from, size: TAIL_LINES, follow: true })
  const details = useDetails({ search, around })
  return (
    <>
      <div className="row spread" style={{ marginBottom: 8 }}>
        <TailMark state={tail.state} />
        <span className="muted small numbers">{t('explorer.shown', { count: tail.lines.length })}</span>
      </div>
      {tail.error ? <NotUnderstood error={tail.error} text={search.text} />
        : tail.lines.length ? <LogLines lines={tail.lines} label={t('nav.logs')} marked={search.text} columns={search.columns} details={details} follow />
        : tail.loaded ? <Empty title={t('logs.none')} hint={t('logs.noneYet')} /> : <Loading />}
    </>
  )
}

function Pages({ search, around, seconds }: Found & { seconds: number }) {
  const t = useText()
  const { fixed } = search
  const { lines, first, error, loading, more, refetch } = usePages(search.filter, seconds, fixed)
  const details = useDetails({ search, around })
  if (!first) return error ? <NotUnderstood error={error} text={search.text} retry={refetch} /> : <Loading rows={8} />
  const { total, histogram, window } = first
  return (
    <>
      {error && <NotUnderstood error={error} text={search.text} retry={refetch} />}
      <Histogram histogram={histogram} window={window} choose={search.between} />
      <div className="row wrap spread" style={{ marginBottom: 8 }}>
        <span className="muted small numbers">
          {t('explorer.total', { shown: number(lines.length, 0), total: number(total, 0) })}
          {fixed && ` · ${dateTime(fixed.from)} – ${dateTime(fixed.to)}`}
        </span>
        <span className="row">
          {fixed && <Button size="small" onClick={() => search.between(undefined)}>{t('explorer.wholeRange')}</Button>}
          <Download filter={search.filter} window={window} total={total} />
        </span>
      </div>
      <div className="log-panes">
        <Fields search={search} window={window} lines={lines} known={search.project ? KNOWN : KNOWN_EVERYWHERE} />
        {lines.length ? (
          <LogLines lines={lines} label={t('nav.logs')} marked={search.text} columns={search.columns} details={details}
            end={<More more={more} loading={loading} />} />
        ) : <Empty title={t('logs.none')} hint={t('logs.noneHint')} />}
      </div>
    </>
  )
}
