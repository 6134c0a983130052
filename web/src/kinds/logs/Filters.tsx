import { Input, Select, Tag } from 'antd'
import { LEVELS, useTopValues, type LogWindow } from '../../api/logs'
import { useFilters } from '../../components/filters'
import { useText } from '../../i18n'
import { NarrowRange } from '../../objects/NarrowRange'
import type { LogSearch } from './useSearch'

interface Props {
  search: LogSearch
  window: LogWindow
}

/** How many values the boxes offer; others are typed into the query. */
const OFFERED = 100

/** Every choice is in the address. */
export function Filters({ search, window }: Props) {
  const t = useText()
  const { filter, project } = search
  const place = project ? { namespace: project } : {}
  const apps = useTopValues('app', place, window, OFFERED)
  const pods = useTopValues('pod', { ...place, ...(filter.app && { app: filter.app }) }, window, OFFERED)
  const app = filter.app ?? ''
  const pod = filter.pods?.[0] ?? ''
  const options = (values: { value: string }[] | undefined, chosen: string) =>
    [...new Set([...(chosen ? [chosen] : []), ...(values ?? []).map((one) => one.value)])].toSorted().map((value) => ({ value, label: value }))
  return (
    <>
      <div className="table-tools">
        <Input.Search className="log-query" allowClear key={search.text} defaultValue={search.text} onSearch={(text) => search.set('q', text.trim())} placeholder={t('explorer.query')} aria-label={t('explorer.query')} spellCheck={false} />
        <Select allowClear showSearch value={app || null} onChange={(value: string | undefined) => search.set('app', value ?? '')} placeholder={t('explorer.anyApp')} aria-label={t('field.application')}
          options={options(apps.data?.values, app)} style={{ minWidth: 150 }} popupMatchSelectWidth={false} />
        <Select allowClear showSearch value={pod || null} onChange={(value: string | undefined) => search.set('pod', value ?? '')} placeholder={t('explorer.anyPod')} aria-label={t('explorer.pod')}
          options={options(pods.data?.values, pod)} style={{ minWidth: 150 }} popupMatchSelectWidth={false} />
        <Select value={filter.level ?? ''} onChange={(level) => search.set('level', level)} aria-label={t('logs.level')} style={{ minWidth: 110 }}
          options={[{ value: '', label: t('logs.anyLevel') }, ...LEVELS.map((one) => ({ value: one, label: one.toUpperCase() }))]} />
        <NarrowRange />
      </div>
      <Chosen search={search} />
    </>
  )
}

/** What narrows the search besides the boxes; each can be taken away. */
export function Chosen({ search }: { search: LogSearch }) {
  const t = useText()
  const filters: Record<string, string> = useFilters()
  const { not = [], trace } = search.filter
  // Those of every page stand beside the time range.
  const is = search.filter.is?.filter(([field, value]) => filters[field] !== value) ?? []
  if (is.length + not.length === 0 && !trace) return null
  const chip = (key: string, words: string, tone: string, close: () => void) => (
    <Tag key={key} className={`chip tone-${tone}`} closable={{ 'aria-label': t('explorer.unfilter', { filter: words }) }} onClose={(event) => { event.preventDefault(); close() }}>{words}</Tag>
  )
  return (
    <div className="row wrap" role="group" aria-label={t('explorer.filters')} style={{ marginBottom: 10, gap: 6 }}>
      {trace && chip('trace', `${t('explorer.trace')} ${trace.slice(0, 12)}`, 'accent', () => search.set('trace', ''))}
      {is.map(([field, value]) => chip(`+${field}:${value}`, `${field}: ${value}`, 'accent', () => search.drop(field, value)))}
      {not.map(([field, value]) => chip(`-${field}:${value}`, t('explorer.without', { filter: `${field}: ${value}` }), 'error', () => search.drop(field, value, true)))}
    </div>
  )
}
