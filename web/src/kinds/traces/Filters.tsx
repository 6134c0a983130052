import { AutoComplete, Checkbox, Input, Select } from 'antd'
import { useMemo, useState } from 'react'
import { TAGS, useOperations, useTraceServices, type Trace, type TraceFilter } from '../../api/traces'
import { useAddress } from '../../components/address'
import type { Range } from '../../components/range'
import { useText } from '../../i18n'
import { NarrowRange } from '../../objects/NarrowRange'
import { attribute, isDuration, parsedTags } from './shape'

/** What the address asks for. */
export function useTraceFilter(project: string | undefined, { seconds, end }: Range): { filter: TraceFilter } {
  const [service] = useAddress('service')
  const [operation] = useAddress('operation')
  const [app] = useAddress('app')
  const [user] = useAddress('user')
  const [words] = useAddress('tags')
  const [slower] = useAddress('slower')
  const [faster] = useAddress('faster')
  const [errors] = useAddress('errors')
  return {
    filter: {
      project, service, seconds, end, tags: parsedTags(words), ...(operation && { operation }), ...(app && { app }), ...(user && { user }),
      ...(isDuration(slower) && { shortest: slower }), ...(isDuration(faster) && { longest: faster }), ...(errors === '1' && { errors: true }),
    },
  }
}

const options = (values: string[]) => values.map((value) => ({ value, label: value }))

/** Every choice is in the address. */
export function TraceFilters({ traces }: { traces: Trace[] }) {
  const t = useText()
  const [service, setService] = useAddress('service')
  const [operation, setOperation] = useAddress('operation')
  const [errors, setErrors] = useAddress('errors')
  const [words, setWords] = useAddress('tags')
  const services = useTraceServices()
  const operations = useOperations(service)
  const some = (values: string[] | undefined, chosen: string) => options([...new Set([...(chosen ? [chosen] : []), ...(values ?? [])])])
  const seen = useMemo(() => (key: string) => [...new Set(traces.flatMap((trace) => trace.spans.flatMap((span) => attribute(trace, span, key) ?? [])))].toSorted(), [traces])
  return (
    <div className="table-tools">
      <Select allowClear showSearch value={service || null} onChange={(value: string | undefined) => setService(value ?? '')} loading={services.isPending} placeholder={t('traces.anyService')} aria-label={t('traces.service')}
        style={{ minWidth: 170 }} popupMatchSelectWidth={false} options={some(services.data, service)} />
      {service && (
        <Select allowClear showSearch value={operation || null} onChange={(value: string | undefined) => setOperation(value ?? '')} placeholder={t('traces.anyOperation')} aria-label={t('traces.operation')}
          style={{ minWidth: 170, maxWidth: 300 }} popupMatchSelectWidth={false} options={some(operations.data, operation)} />
      )}
      <Typed name="app" label={t('field.application')} values={seen(TAGS.app)} width={140} />
      <Typed name="user" label={t('field.user')} values={seen(TAGS.user)} width={120} />
      <Typed name="slower" label={t('traces.shortest')} values={['10ms', '100ms', '1s']} width={120} check={isDuration} wrong={t('traces.badDuration')} />
      <Typed name="faster" label={t('traces.longest')} values={['10ms', '100ms', '1s']} width={120} check={isDuration} wrong={t('traces.badDuration')} />
      <Input.Search className="trace-tags" allowClear key={words} defaultValue={words} onSearch={(text) => setWords(text.trim())} placeholder={t('traces.tagsHint')} aria-label={t('traces.tags')} spellCheck={false} />
      <Checkbox checked={errors === '1'} onChange={(event) => setErrors(event.target.checked ? '1' : '')} style={{ alignItems: 'center' }}>{t('traces.onlyErrors')}</Checkbox>
      <NarrowRange />
    </div>
  )
}

interface TypedProps {
  /** In the address. */
  name: string
  label: string
  values: string[]
  width: number
  check?: (text: string) => boolean
  wrong?: string
}

/** A value to type or to take from those that were seen. */
function Typed({ name, label, values, width, check, wrong = '' }: TypedProps) {
  const [value, setValue] = useAddress(name)
  const [draft, setDraft] = useState(value)
  const [before, setBefore] = useState(value)
  if (before !== value) {
    setBefore(value)
    setDraft(value)
  }
  const bad = draft !== '' && check !== undefined && !check(draft)
  const take = (text = '') => {
    if (!check || text === '' || check(text)) setValue(text.trim())
  }
  return (
    <span title={bad ? wrong : undefined}>
      <AutoComplete allowClear value={draft} options={options(values.filter((one) => one.includes(draft)))} placeholder={label} aria-label={bad ? `${label}: ${wrong}` : label} aria-invalid={bad} status={bad ? 'error' : ''} style={{ width }} popupMatchSelectWidth={false}
        onChange={(text: string | undefined) => { setDraft(text ?? ''); if (!text) take('') }} onSelect={take} onBlur={() => take(draft)} onInputKeyDown={(event) => { if (event.key === 'Enter') take(draft) }} />
    </span>
  )
}
