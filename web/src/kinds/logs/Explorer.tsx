import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Button, Switch } from 'antd'
import { useMemo, useState } from 'react'
import { searchLogs, type LogFilter } from '../../api/logs'
import { useAddress, useSince } from '../../components/address'
import { Card } from '../../components/Card'
import { PageHead } from '../../components/PageHead'
import { Empty, Failure, Loading } from '../../components/States'
import { useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { number } from '../../i18n/format'
import { LogLines } from '../../objects/LogLines'
import { TailMark } from '../../objects/TailMark'
import { useTail } from '../../objects/useTail'
import { Filters } from './Filters'
import { Histogram } from './Histogram'

const REFRESH_MS = 5000
const STEP = 500
const MOST = 5000

/** One search, one address: application, pod, level, words, time. */
export function LogExplorer() {
  const t = useText()
  const project = useProject()
  const { since, seconds } = useSince()
  const [app] = useAddress('app')
  const [pod] = useAddress('pod')
  const [level] = useAddress('level')
  const [text] = useAddress('q')
  const [trace] = useAddress('trace')
  const [live, setLive] = useAddress('live')
  const [between] = useAddress('between')
  const filter = useMemo<LogFilter>(() => ({
    namespace: project, ...(app && { app }), ...(pod && { pods: [pod] }), ...(level && { level }), ...(text && { text }), ...(trace && { trace }),
  }), [project, app, pod, level, text, trace])
  const following = live === '1'
  return (
    <>
      <PageHead title={t('nav.logs')} actions={
        <label className="row">
          {t('explorer.live')}
          <Switch checked={following} onChange={(on) => setLive(on ? '1' : '')} aria-label={t('explorer.live')} />
        </label>
      } />
      <Card>
        <Filters project={project} seconds={seconds} />
        {following ? <Following filter={filter} marked={text} /> : <Found key={`${since}${between}`} filter={filter} seconds={seconds} between={between} marked={text} />}
      </Card>
    </>
  )
}

function Following({ filter, marked }: { filter: LogFilter; marked: string }) {
  const t = useText()
  const [from] = useState(() => Date.now() - 3_600_000)
  const tail = useTail({ filter, from, size: 200, follow: true })
  return (
    <>
      <div className="row spread" style={{ marginBottom: 8 }}>
        <TailMark state={tail.state} />
        <span className="muted small numbers">{t('explorer.shown', { count: tail.lines.length })}</span>
      </div>
      {tail.error ? <Failure error={tail.error} />
        : tail.lines.length ? <LogLines lines={tail.lines} label={t('nav.logs')} marked={marked} showPod follow />
        : tail.loaded ? <Empty title={t('logs.none')} hint={t('logs.noneYet')} /> : <Loading />}
    </>
  )
}

interface FoundProps {
  filter: LogFilter
  seconds: number
  /** `from-to` in milliseconds: a bar of the histogram. */
  between: string
  marked: string
}

function Found({ filter, seconds, between, marked }: FoundProps) {
  const t = useText()
  const [, setBetween] = useAddress('between')
  const [size, setSize] = useAddress('lines', String(STEP))
  const [from, to] = between.split('-').map(Number)
  const fixed = from && to ? { from, to } : undefined
  const found = useQuery({
    queryKey: ['logs', filter, seconds, between, size],
    refetchInterval: fixed ? false : REFRESH_MS,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const window = fixed ?? { from: Date.now() - seconds * 1000, to: Date.now() }
      return { ...window, ...(await searchLogs(filter, window.from, window.to, Number(size) || STEP, signal)) }
    },
  })
  if (!found.data) return found.error ? <Failure error={found.error} retry={found.refetch} /> : <Loading rows={8} />
  const { lines, total } = found.data
  return (
    <>
      <Histogram of={found.data} choose={(begin, end) => setBetween(`${begin}-${end}`)} />
      <div className="row spread" style={{ marginBottom: 8 }}>
        <span className="muted small numbers">{t('explorer.total', { shown: number(lines.length, 0), total: number(total, 0) })}</span>
        {fixed && <Button size="small" onClick={() => setBetween('')}>{t('explorer.wholeRange')}</Button>}
      </div>
      {found.error && <Failure error={found.error} />}
      {lines.length ? <LogLines lines={lines} label={t('nav.logs')} marked={marked} showPod /> : <Empty title={t('logs.none')} hint={t('logs.noneHint')} />}
      {total > lines.length && lines.length < MOST && (
        <Button size="small" style={{ marginTop: 8 }} onClick={() => setSize(String(Math.min(MOST, lines.length + STEP)))}>{t('explorer.older')}</Button>
      )}
    </>
  )
}
