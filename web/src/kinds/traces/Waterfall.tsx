import { DownOutlined, RightOutlined } from '@ant-design/icons'
import { Button, Checkbox, Input } from 'antd'
import { useMemo, useState } from 'react'
import type { Trace } from '../../api/traces'
import { useAddress } from '../../components/address'
import { useText } from '../../i18n'
import { duration } from '../../i18n/format'
import { useTheme } from '../../theme/ThemeProvider'
import { Bar } from './Bar'
import { extent, isError, serviceOf } from './shape'
import { criticalPath, ordered, unfolded } from './waterfall'

interface Props {
  trace: Trace
  chosen: string | undefined
  choose: (span: string) => void
}

const RULES = [0, 0.25, 0.5, 0.75, 1]

/** One row for each span, under what called it, over the time that it took. */
export function Waterfall({ trace, chosen, choose }: Props) {
  const t = useText()
  const { palette } = useTheme()
  const [folded, setFolded] = useState<ReadonlySet<string>>(() => new Set())
  const [critical, setCritical] = useAddress('critical')
  const [words, setWords] = useState('')
  const placed = useMemo(() => ordered(trace), [trace])
  const path = useMemo(() => (critical === '1' ? criticalPath(trace) : undefined), [trace, critical])
  const services = useMemo(() => [...new Set(placed.map(({ span }) => serviceOf(trace, span)))], [trace, placed])
  const [begin, end] = extent(trace)
  const whole = Math.max(1, end - begin)
  const parents = placed.filter((one) => one.below > 0).map((one) => one.span.spanID)
  const toggle = (id: string) => setFolded((before) => {
    const next = new Set(before)
    if (!next.delete(id)) next.add(id)
    return next
  })
  const sought = words.trim().toLowerCase()
  const colour = (service: string) => palette.series[services.indexOf(service) % palette.series.length] ?? palette.accent
  return (
    <>
      <div className="row wrap spread" style={{ marginBottom: 8 }}>
        <span className="legend">{services.map((service) => <span key={service}><i style={{ ['--swatch' as string]: colour(service) }} />{service}</span>)}</span>
        <span className="row wrap">
          <Input allowClear size="small" style={{ width: 170 }} value={words} onChange={(event) => setWords(event.target.value)} placeholder={t('traces.find')} aria-label={t('traces.find')} />
          <Checkbox checked={critical === '1'} onChange={(event) => setCritical(event.target.checked ? '1' : '')}>{t('traces.critical')}</Checkbox>
          {parents.length > 1 && <Button size="small" onClick={() => setFolded(folded.size ? new Set() : new Set(parents.slice(1)))}>{folded.size ? t('traces.unfoldAll') : t('traces.foldAll')}</Button>}
        </span>
      </div>
      <div className="waterfall-axis numbers" aria-hidden><span /><span>{RULES.map((share) => <span key={share}>{share === 0 ? '0' : duration((whole * share) / 1e6)}</span>)}</span></div>
      <ul className="waterfall" aria-label={t('traces.waterfall')}>
        {unfolded(placed, folded).map(({ span, depth, below }) => {
          const service = serviceOf(trace, span)
          const open = !folded.has(span.spanID)
          const found = sought !== '' && `${service} ${span.operationName} ${(span.tags ?? []).map((tag) => `${tag.key}=${tag.value}`).join(' ')}`.toLowerCase().includes(sought)
          return (
            <li key={span.spanID} className={`${span.spanID === chosen ? 'chosen' : ''} ${sought && !found ? 'faint' : ''}`}>
              <div className="waterfall-name" style={{ paddingLeft: Math.min(depth, 14) * 14 }}>
                {below > 0 ? (
                  <button type="button" className="fold" aria-expanded={open} aria-label={t('traces.fold', { name: span.operationName, count: below })} onClick={() => toggle(span.spanID)}>{open ? <DownOutlined aria-hidden /> : <RightOutlined aria-hidden />}</button>
                ) : <span className="fold" />}
                <i style={{ background: colour(service) }} aria-hidden />
                <span className="truncate" title={`${service} ${span.operationName}`}><span className="muted small">{service}</span> {span.operationName}</span>
                {!open && <span className="muted small numbers">+{below}</span>}
                {isError(span) && <span className="tag tone-error">{t('traces.error')}</span>}
              </div>
              <Bar trace={trace} span={span} begin={begin} whole={whole} colour={colour(service)} critical={path?.get(span.spanID)} muted={path !== undefined} current={span.spanID === chosen} choose={choose} />
            </li>
          )
        })}
      </ul>
    </>
  )
}
