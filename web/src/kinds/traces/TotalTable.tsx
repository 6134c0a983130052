import { useMemo } from 'react'
import type { Trace } from '../../api/traces'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { useText } from '../../i18n'
import { duration, number, percent } from '../../i18n/format'
import { totalsOf, type Total } from './totals'

/** Which operations the time was spent in themselves, not in what they called. */
export function Totals({ trace }: { trace: Trace }) {
  const t = useText()
  const rows = useMemo(() => totalsOf(trace), [trace])
  const all = rows.reduce((sum, one) => sum + one.self, 0)
  const columns: Column<Total>[] = [
    { key: 'operation', title: t('traces.operation'), sort: (one) => one.operation, cell: (one) => <div className="wraps" style={{ minWidth: 120 }}><span className="muted small">{one.service}</span> {one.operation}</div> },
    { key: 'count', title: t('traces.spans'), align: 'right', sort: (one) => one.count, cell: (one) => number(one.count, 0) },
    { key: 'self', title: t('traces.self'), align: 'right', sort: (one) => one.self, cell: (one) => <>{duration(one.self / 1e6)} <span className="muted">{percent(all ? one.self / all : 0)}</span></> },
  ]
  return (
    <Card title={t('traces.selfBy')}>
      <DataTable rows={rows} columns={columns} rowKey={(one) => `${one.service}\n${one.operation}`} order="self.desc" prefix="self." empty={null} />
    </Card>
  )
}
