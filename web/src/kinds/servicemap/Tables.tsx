import { Link } from 'react-router'
import type { ServiceMap } from '../../api/traces'
import { DataTable, type Column } from '../../components/DataTable'
import { Empty } from '../../components/States'
import { useText } from '../../i18n'
import { duration, number } from '../../i18n/format'
import { search, useWithin } from '../traces/paths'
import { share } from './Graph'

type Service = ServiceMap['services'][number]
type Call = ServiceMap['calls'][number]

export function Services({ map }: { map: ServiceMap }) {
  const t = useText()
  const { to } = useWithin()
  const columns: Column<Service>[] = [
    { key: 'service', title: t('traces.service'), sort: (one) => one.service, cell: (one) => <Link className="strong" to={to('traces') + search({ service: one.service })}>{one.service}</Link> },
    { key: 'rate', title: t('map.rate'), align: 'right', sort: (one) => one.traffic?.rate, cell: (one) => number(one.traffic?.rate, 2) },
    {
      key: 'errors', title: t('map.errors'), align: 'right', sort: (one) => one.traffic?.errorShare,
      cell: (one) => (one.traffic?.errors ? <Link to={to('traces') + search({ service: one.service, errors: '1' })}>{share(one.traffic.errorShare)}</Link> : one.traffic ? '0%' : '—'),
    },
    { key: 'p50', title: 'p50', align: 'right', from: 'sm', sort: (one) => one.traffic?.p50, cell: (one) => duration(one.traffic && one.traffic.p50 / 1e6) },
    { key: 'p95', title: 'p95', align: 'right', sort: (one) => one.traffic?.p95, cell: (one) => duration(one.traffic && one.traffic.p95 / 1e6) },
  ]
  return <DataTable rows={map.services} columns={columns} rowKey={(one) => one.service} text={(one) => one.service} order="rate.desc" prefix="services." empty={null} />
}

export function Calls({ map }: { map: ServiceMap }) {
  const t = useText()
  const columns: Column<Call>[] = [
    { key: 'who', title: t('map.who'), sort: (one) => `${one.parent} ${one.child}`, cell: (one) => <>{one.parent} <span aria-label={t('map.to')}>→</span> {one.child}</> },
    { key: 'count', title: t('map.count'), align: 'right', sort: (one) => one.count, cell: (one) => number(one.count, 0) },
    { key: 'errors', title: t('map.errors'), align: 'right', sort: (one) => one.traffic?.errorShare, cell: (one) => (one.traffic ? share(one.traffic.errorShare) : '—') },
    { key: 'p95', title: 'p95', align: 'right', from: 'sm', sort: (one) => one.traffic?.p95, cell: (one) => duration(one.traffic && one.traffic.p95 / 1e6) },
  ]
  return <DataTable rows={map.calls} columns={columns} rowKey={(one) => `${one.parent}\n${one.child}`} order="count.desc" prefix="calls." empty={<Empty title={t('map.noCalls')} />} />
}
