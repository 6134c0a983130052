import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import { searchLogs, type LogPage, type Pair } from '../../api/logs'
import { Card } from '../../components/Card'
import { Chart, type Line } from '../../components/Chart'
import type { Filters } from '../../components/filters'
import { useRange, useTravel } from '../../components/range'
import { Empty, Failure, Loading } from '../../components/States'
import { at } from '../../frame/useProject'
import { useText, type MessageKey } from '../../i18n'
import { number } from '../../i18n/format'
import { LogLines } from '../../objects/LogLines'
import type { Palette } from '../../theme/palette'
import { useTheme } from '../../theme/ThemeProvider'

const REFRESH_MS = 10_000
const NEWEST = 12
const COLUMNS = ['pod']

const LEVELS: { levels: string[]; word: MessageKey; colour: (palette: Palette) => string }[] = [
  { levels: ['error', 'fatal', 'critical'], word: 'apps.logErrors', colour: (palette) => palette.error },
  { levels: ['warn', 'warning'], word: 'apps.logWarnings', colour: (palette) => palette.warning },
  { levels: ['info', 'debug', 'trace', ''], word: 'apps.logRest', colour: (palette) => palette.accent },
]

/** How much it writes, by level, on the axis of the page; the newest lines below. */
export function AppLogs({ project, filters: { app, user, node } }: { project: string; filters: Filters }) {
  const t = useText()
  const travel = useTravel()
  const { palette } = useTheme()
  const { seconds, end } = useRange()
  const is = [['user', user] as Pair, ['node', node] as Pair].filter(([, value]) => value)
  const found = useQuery<Found>({
    queryKey: ['app-logs', project, app, user, node, seconds, end ?? 'now'],
    refetchInterval: end ? false : REFRESH_MS,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const to = end ? end * 1000 : Date.now()
      const from = to - seconds * 1000
      return { ...(await searchLogs({ namespace: project, app, ...(is.length > 0 && { is }) }, from, to, NEWEST, signal)), from, to }
    },
  })
  const link = travel(`${at(project, 'logs')}?app=${encodeURIComponent(app)}`)
  const lines = LEVELS.map(({ levels, word, colour }): Line => ({ name: t(word), bars: true, stack: 'logs', colour: colour(palette), points: pointsOf(found.data, levels) }))
  return (
    <Card className="span-12" title={t('nav.logs')} extra={<>{found.data && <span className="numbers">{t('apps.logCount', { count: found.data.total, shown: number(found.data.total, 0) })}</span>}<Link to={link}>{t('logs.ofApp', { app })}</Link></>}>
      {!found.data ? (found.error ? <Failure error={found.error} retry={found.refetch} /> : <Loading />)
        : found.data.total === 0 ? <Empty title={t('logs.none')} hint={t('logs.noneHint')} />
        : (
          <>
            <Chart label={t('explorer.histogram')} lines={lines.filter(({ points }) => points.some(([, count]) => count > 0))} height={120} whole format={(value) => number(value, 0)} />
            <LogLines lines={found.data.lines.toReversed()} label={t('nav.logs')} columns={COLUMNS} className="few" />
          </>
        )}
    </Card>
  )
}

type Found = LogPage & { from: number; to: number }
const BARS = 60

/** As many bars as the time has, empty ones too: what is not there says something as well. */
function pointsOf(found: Found | undefined, levels: string[]): [number, number][] {
  if (!found) return []
  const width = (found.to - found.from) / BARS
  const bars = Array.from({ length: BARS }, (_, index): [number, number] => [found.from + (index + 0.5) * width, 0])
  for (const { time, counts } of found.histogram) {
    const bar = bars[Math.min(BARS - 1, Math.max(0, Math.floor((time - found.from) / width + 0.5)))]
    if (bar) bar[1] += levels.reduce((sum, level) => sum + (counts[level] ?? 0), 0)
  }
  return bars
}
