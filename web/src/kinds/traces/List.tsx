import { Checkbox, Select } from 'antd'
import { useEffect } from 'react'
import { Link } from 'react-router'
import { isError, rootOf, useTraces, useTraceServices, type Trace } from '../../api/traces'
import { useAddress, useSince } from '../../components/address'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { PageHead } from '../../components/PageHead'
import { Empty, Failure } from '../../components/States'
import { Status } from '../../components/Status'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { duration, number } from '../../i18n/format'

const SLOW = ['10ms', '100ms', '1s']
const began = (trace: Trace) => rootOf(trace)?.startTime ?? 0
const took = (trace: Trace) => (Math.max(...trace.spans.map((span) => span.startTime + span.duration)) - Math.min(...trace.spans.map((span) => span.startTime))) / 1e6
const wrong = (trace: Trace) => trace.spans.filter(isError).length

export function TraceList() {
  const t = useText()
  const project = useProject()
  const { seconds } = useSince()
  const services = useTraceServices()
  const [service, setService] = useAddress('service')
  const [slow, setSlow] = useAddress('slower')
  const [errors, setErrors] = useAddress('errors')
  const first = services.data?.[0]
  useEffect(() => {
    if (!service && first) setService(first)
  }, [service, first, setService])
  const traces = useTraces({ service, seconds, ...(slow && { minDuration: slow }), ...(errors && { errors: true }) })
  const name = (trace: Trace) => rootOf(trace)?.operationName ?? trace.traceID
  const columns: Column<Trace>[] = [
    { key: 'name', title: t('traces.operation'), sort: name, cell: (trace) => <Link className="strong" to={at(project, 'traces', trace.traceID)}>{name(trace)}</Link> },
    { key: 'id', title: t('traces.id'), from: 'md', cell: (trace) => <span className="mono">{trace.traceID.slice(0, 12)}</span> },
    { key: 'spans', title: t('traces.spans'), align: 'right', sort: (trace) => trace.spans.length, cell: (trace) => number(trace.spans.length, 0) },
    { key: 'status', title: t('field.status'), sort: wrong, cell: (trace) => (wrong(trace) ? <Status tone="error" label={t('traces.errors', { count: wrong(trace) })} /> : <Status tone="success" label={t('traces.fine')} />) },
    { key: 'took', title: t('jobs.took'), align: 'right', sort: took, cell: (trace) => duration(took(trace)) },
    { key: 'began', title: t('experiments.started'), sort: began, cell: (trace) => <Ago time={began(trace) / 1000 || undefined} /> },
  ]
  const tools = (
    <>
      <Select showSearch value={service || null} onChange={setService} loading={services.isPending} placeholder={t('traces.service')} aria-label={t('traces.service')} style={{ minWidth: 180 }}
        popupMatchSelectWidth={false} options={[...new Set([...(service ? [service] : []), ...(services.data ?? [])])].map((value) => ({ value, label: value }))} />
      <Select value={slow} onChange={setSlow} aria-label={t('traces.slower')} style={{ minWidth: 140 }}
        options={[{ value: '', label: t('traces.anyDuration') }, ...SLOW.map((value) => ({ value, label: t('traces.slowerThan', { time: value }) }))]} />
      <Checkbox checked={errors === '1'} onChange={(event) => setErrors(event.target.checked ? '1' : '')} style={{ alignItems: 'center' }}>{t('traces.onlyErrors')}</Checkbox>
    </>
  )
  const none = <Empty title={t('traces.none')} hint={t('traces.noneHint')} />
  return (
    <>
      <PageHead title={t('nav.traces')} />
      <Card>
        {services.error ? <Failure error={services.error} retry={services.refetch} />
          : services.data?.length === 0 && !service ? none
          : <DataTable rows={service ? traces.data : []} error={traces.error} retry={traces.refetch} columns={columns} rowKey={(trace) => trace.traceID} text={(trace) => `${name(trace)} ${trace.traceID}`} order="began.desc" tools={tools} empty={none} />}
      </Card>
    </>
  )
}
