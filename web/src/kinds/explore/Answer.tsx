import { useAnswered, type Series } from '../../api/prom'
import { Card } from '../../components/Card'
import { Chart } from '../../components/Chart'
import { DataTable, type Column } from '../../components/DataTable'
import { Notice } from '../../components/Notice'
import { useRange } from '../../components/range'
import { Await, Empty } from '../../components/States'
import { useText } from '../../i18n'
import { metric } from '../../i18n/format'
import { linesOf } from '../../objects/Usage'

/** More lines than this tell nobody anything; the table has them all. */
const DRAWN = 20
const LEGEND = 6

const named = (labels: Record<string, string>): string => {
  const { __name__: name = '', ...rest } = labels
  const inner = Object.entries(rest).map(([key, value]) => `${key}="${value}"`).join(', ')
  return inner ? `${name}{${inner}}` : name || '{}'
}
const last = (series: Series): number | undefined => series.points.at(-1)?.[1]

/** One answer: what the server remarks, the curves, and every series in a table. */
export function Answer({ expression, number }: { expression: string; number: number }) {
  const t = useText()
  const { seconds, end } = useRange()
  const answer = useAnswered(expression, seconds, end)
  const columns: Column<Series>[] = [
    { key: 'series', title: t('explore.series'), sort: (one) => named(one.labels), cell: (one) => <span className="mono wraps">{named(one.labels)}</span> },
    { key: 'value', title: t('explore.newest'), align: 'right', sort: last, cell: (one) => metric(last(one)) },
  ]
  return (
    <Await of={answer}>
      {({ series, warnings }) => (
        <div className="stack tight">
          {warnings.length > 0 && <Notice tone="warning" title={t('explore.warnings')}>{warnings.map((one) => <p key={one}>{one}</p>)}</Notice>}
          {series.length === 0 ? <Empty title={t('explore.nothing')} hint={t('explore.nothingHint')} /> : (
            <>
              {series.length > DRAWN && <span className="muted small">{t('explore.drawn', { drawn: DRAWN, total: series.length })}</span>}
              <Chart label={expression} height={260} zero={false} format={metric} legend={series.length <= LEGEND} lines={linesOf(series.slice(0, DRAWN), named)} />
              <DataTable rows={series} columns={columns} rowKey={(one) => named(one.labels)} text={(one) => named(one.labels)} order="value.desc" prefix={`p${number}.`} empty={null} />
            </>
          )}
        </div>
      )}
    </Await>
  )
}

export function Waiting() {
  const t = useText()
  return <Card><Empty title={t('explore.none')} hint={t('explore.noneHint')} /></Card>
}
