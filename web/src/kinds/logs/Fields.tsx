import { MinusOutlined, PlusOutlined } from '@ant-design/icons'
import { Button, Checkbox } from 'antd'
import { useMemo, useState } from 'react'
import { useTopValues, type LogLine, type LogWindow } from '../../api/logs'
import { ErrorWords, Loading } from '../../components/States'
import { useText } from '../../i18n'
import { number, percent } from '../../i18n/format'
import { flattened } from '../../objects/LogLinesParts'
import type { LogSearch } from './useSearch'

const TOP = 8
/** More of a program's own fields than this are found by searching for them. */
const MOST = 40
/** Below, the fields stand above the lines and are folded away. */
const NARROW_PX = 900
const NOT_FIELDS = new Set(['@timestamp', 'message'])

interface Props {
  search: LogSearch
  window: LogWindow
  lines: LogLine[]
  /** Named first, present or not. */
  known: readonly string[]
  index?: string
}

/** The fields of what was found; each opens to its most frequent values. */
export function Fields({ search, window, lines, known, index }: Props) {
  const t = useText()
  const [open, setOpen] = useState<string>()
  const [wide] = useState(() => innerWidth > NARROW_PX)
  const found = useMemo(() => {
    const names = new Set(known)
    for (const line of lines.slice(0, 200)) for (const [name] of flattened(line)) if (!NOT_FIELDS.has(name)) names.add(name)
    return [...names].slice(0, MOST)
  }, [known, lines])
  return (
    <details className="log-fields" open={wide}>
      <summary>{t('explorer.fields')}</summary>
      <ul>
        {found.map((field) => (
          <li key={field}>
            <div className="row spread">
              <button type="button" className="plain truncate" aria-expanded={open === field} title={field} onClick={() => setOpen(open === field ? undefined : field)}>{field}</button>
              <Checkbox checked={search.columns.includes(field)} onChange={() => search.toggleColumn(field)} aria-label={t('explorer.column', { field })} title={t('explorer.column', { field })} />
            </div>
            {open === field && <Values field={field} search={search} window={window} {...(index && { index })} />}
          </li>
        ))}
      </ul>
    </details>
  )
}

function Values({ field, search, window, index }: { field: string; search: LogSearch; window: LogWindow; index?: string }) {
  const t = useText()
  const top = useTopValues(field, search.filter, window, TOP, index ? { index } : {})
  if (top.error) return <div className="small" role="alert"><ErrorWords error={top.error} /></div>
  if (!top.data) return <Loading rows={2} />
  const { values, others } = top.data
  const all = values.reduce((sum, one) => sum + one.count, others)
  if (values.length === 0) return <p className="muted small">{t('explorer.noValues')}</p>
  return (
    <ul className="log-values">
      {values.map(({ value, count }) => (
        <li key={value}>
          <div className="log-value" style={{ ['--share' as string]: `${(count / all) * 100}%` }}>
            <span className="truncate mono" title={value}>{value || t('explorer.emptyValue')}</span>
            <span className="numbers muted" title={number(count, 0)}>{percent(count / all)}</span>
          </div>
          <InOut field={field} value={value} search={search} />
        </li>
      ))}
      {others > 0 && <li className="muted small">{t('explorer.otherValues', { count: number(others, 0) })}</li>}
    </ul>
  )
}

/** Filter for a value, filter it out. */
export function InOut({ field, value, search }: { field: string; value: string; search: LogSearch }) {
  const t = useText()
  return (
    <span className="row" style={{ gap: 0 }}>
      <Button type="text" size="small" icon={<PlusOutlined />} aria-label={t('explorer.in', { field, value })} title={t('explorer.in', { field, value })} onClick={() => search.add(field, value)} />
      <Button type="text" size="small" icon={<MinusOutlined />} aria-label={t('explorer.out', { field, value })} title={t('explorer.out', { field, value })} onClick={() => search.add(field, value, true)} />
    </span>
  )
}
