import { Select } from 'antd'
import { Link } from 'react-router'
import type { ABTest } from '../../api/generated'
import { useTraces } from '../../api/traces'
import { useAddress } from '../../components/address'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { useRange, useTravel } from '../../components/range'
import { Empty } from '../../components/States'
import { Status } from '../../components/Status'
import { at } from '../../frame/useProject'
import { useText } from '../../i18n'
import { duration } from '../../i18n/format'
import { summaryOf, type Summary } from '../traces/shape'

/** Tags that the gateway gives the spans of a test's requests. */
const TEST = 'dais.test'
const VARIANT = 'dais.variant'

/** Requests that were counted, of all variants or of one. */
export function TestTraces({ test, project }: { test: ABTest; project: string }) {
  const t = useText()
  const travel = useTravel()
  const { seconds, end } = useRange()
  const [variant, choose] = useAddress('variant')
  const tags = { [TEST]: test.metadata.name, ...(variant && { [VARIANT]: variant }) }
  const traces = useTraces({ project, service: '', seconds, end, tags })
  const columns: Column<Summary>[] = [
    { key: 'name', title: t('traces.operation'), sort: (one) => one.name, cell: (one) => <div className="trace-name"><Link className="strong" to={travel(at(project, 'traces', one.id))}>{one.name}</Link></div> },
    { key: 'took', title: t('jobs.took'), align: 'right', sort: (one) => one.took, cell: (one) => duration(one.took) },
    { key: 'status', title: t('field.status'), sort: (one) => one.errors, cell: (one) => (one.errors ? <Status tone="error" label={t('traces.errors', { count: one.errors })} /> : <Status tone="success" label={t('traces.fine')} />) },
    { key: 'began', title: t('experiments.started'), sort: (one) => one.start, cell: (one) => <Ago time={one.start} /> },
  ]
  const words = Object.entries(tags).map(([key, value]) => `${key}=${value}`).join(' ')
  return (
    <Card extra={<Link to={travel(`${at(project, 'traces')}?tags=${encodeURIComponent(words)}`)}>{t('apps.allTraces')}</Link>} title={t('nav.traces')}>
      <DataTable rows={traces.data?.map(summaryOf)} error={traces.error} retry={traces.refetch} columns={columns} rowKey={(one) => one.id} order="began.desc" prefix="traces."
        tools={<Select value={variant} onChange={choose} aria-label={t('abtests.variant')} style={{ minWidth: 160, maxWidth: '100%' }} options={[{ value: '', label: t('abtests.anyVariant') }, ...test.spec.variants.map(({ name }) => ({ value: name, label: name }))]} />}
        empty={<Empty title={t('traces.none')} hint={t('abtests.noRequestsHint')} />} />
    </Card>
  )
}
