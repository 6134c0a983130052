import { Button } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import { useTraces, type Trace } from '../../api/traces'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { PageHead } from '../../components/PageHead'
import { useRange } from '../../components/range'
import { NoneFor } from '../../components/NoneFor'
import { Failure, Loading } from '../../components/States'
import { Status } from '../../components/Status'
import { useText } from '../../i18n'
import { duration, number } from '../../i18n/format'
import { Everywhere } from '../../objects/Everywhere'
import { TraceFilters, useTraceFilter } from './Filters'
import { search, useWithin } from './paths'
import { Scatter } from './Scatter'
import { summaryOf, type Summary } from './shape'

/** Requests that were followed through the services. */
export function TraceList() {
  const t = useText()
  const { project, to } = useWithin()
  const { filter } = useTraceFilter(project, useRange())
  const traces = useTraces(filter)
  return (
    <>
      <PageHead title={t('nav.traces')} facts={[!project && t('scope.everywhere')]} actions={<><Everywhere page="traces" /><Link to={to('map')}><Button>{t('nav.map')}</Button></Link></>} />
      <Card>
        <TraceFilters traces={traces.data ?? []} />
        {traces.data ? <Found traces={traces.data} error={traces.error} retry={traces.refetch} />
          : traces.error ? <Failure error={traces.error} retry={traces.refetch} /> : <Loading rows={8} />}
      </Card>
    </>
  )
}

function Found({ traces, error, retry }: { traces: Trace[]; error: Error | null; retry: () => unknown }) {
  const t = useText()
  const { to } = useWithin()
  const [chosen, choose] = useState<string[]>([])
  const rows = traces.map(summaryOf)
  const two = chosen.filter((id) => rows.some((one) => one.id === id)).slice(-2)
  const [a, b] = two
  const columns: Column<Summary>[] = [
    { key: 'name', title: t('traces.operation'), sort: (one) => one.name, cell: (one) => <div className="trace-name"><Link className="strong" to={to('traces', one.id)}>{one.name}</Link></div> },
    { key: 'took', title: t('jobs.took'), align: 'right', sort: (one) => one.took, cell: (one) => duration(one.took) },
    { key: 'services', title: t('traces.services'), from: 'lg', cell: (one) => <Services of={one} /> },
    { key: 'spans', title: t('traces.spans'), align: 'right', sort: (one) => one.spans, cell: (one) => number(one.spans, 0) },
    { key: 'status', title: t('field.status'), sort: (one) => one.errors, cell: (one) => (one.errors ? <Status tone="error" label={t('traces.errors', { count: one.errors })} /> : <Status tone="success" label={t('traces.fine')} />) },
    { key: 'began', title: t('experiments.started'), sort: (one) => one.start, cell: (one) => <Ago time={one.start} /> },
    { key: 'id', title: t('traces.id'), from: 'xl', cell: (one) => <span className="mono muted">{one.id.slice(0, 12)}</span> },
  ]
  const compare = a && b ? <Link to={to('traces', 'compare') + search({ a, b })}><Button type="primary">{t('traces.compareTwo')}</Button></Link>
    : <span className="muted small" style={{ alignSelf: 'center' }}>{rows.length > 1 && t('traces.chooseTwo')}</span>
  return (
    <>
      {error && <Failure error={error} retry={retry} />}
      {rows.length > 0 && <Scatter of={rows} />}
      <DataTable rows={rows} columns={columns} rowKey={(one) => one.id} order="began.desc" tools={rows.length > 0 && compare}
        selection={{ chosen: two, choose, most: 2 }} empty={<NoneFor title={t('traces.none')} hint={t('traces.noneHint')} />} />
    </>
  )
}

function Services({ of }: { of: Summary }) {
  return <span className="row small" style={{ gap: 10 }}>{of.services.map(([name, count]) => <span key={name}>{name} <span className="muted numbers">{count}</span></span>)}</span>
}
