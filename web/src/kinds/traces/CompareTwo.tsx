import { Link, useSearchParams } from 'react-router'
import { useTrace, type Span, type Trace } from '../../api/traces'
import { Card } from '../../components/Card'
import { Facts } from '../../components/Facts'
import { PageHead } from '../../components/PageHead'
import { Await, Empty } from '../../components/States'
import { Status } from '../../components/Status'
import { useText } from '../../i18n'
import { dateTime, duration } from '../../i18n/format'
import { compared, type Pair } from './compare'
import { search, useWithin } from './paths'
import { summaryOf } from './shape'

/** Two requests side by side: what one did that the other did not, and what took longer. */
export function TraceCompare() {
  const t = useText()
  const { to } = useWithin()
  const [address] = useSearchParams()
  const [a, b] = [address.get('a') ?? '', address.get('b') ?? '']
  const left = useTrace(a)
  const right = useTrace(b)
  return (
    <>
      <PageHead title={t('traces.compareTitle')} crumb={<Link to={to('traces')}>{t('nav.traces')}</Link>}
        actions={<Link to={to('traces', 'compare') + search({ a: b, b: a })}>{t('traces.swap')}</Link>} />
      {!a || !b ? <Empty title={t('traces.chooseTwo')} action={<Link to={to('traces')}>{t('nav.traces')}</Link>} /> : (
        <Await of={left} rows={6}>
          {(first) => (
            <Await of={right} rows={6}>
              {(second) => (first && second ? <Both a={first} b={second} /> : <Empty title={t('state.gone', { name: first ? b : a })} hint={t('traces.goneHint')} />)}
            </Await>
          )}
        </Await>
      )}
    </>
  )
}

function Both({ a, b }: { a: Trace; b: Trace }) {
  const t = useText()
  const rows = compared(a, b)
  const longest = Math.max(...a.spans.map((span) => span.duration), ...b.spans.map((span) => span.duration), 1)
  const alone = (side: 'a' | 'b') => rows.filter((row) => row[side] && !row[side === 'a' ? 'b' : 'a']).length
  return (
    <div className="grid">
      <Outline of={a} name="A" alone={alone('a')} />
      <Outline of={b} name="B" alone={alone('b')} />
      <Card className="span-12" title={t('traces.sideBySide')}>
        <div className="scroll-x" tabIndex={0} role="group" aria-label={t('traces.sideBySide')}>
          <table className="compare">
            <thead><tr><th scope="col">{t('traces.operation')}</th><th scope="col">A</th><th scope="col">B</th><th scope="col" className="right">{t('traces.difference')}</th></tr></thead>
            <tbody>{rows.map((row) => <Row key={row.key} row={row} longest={longest} />)}</tbody>
          </table>
        </div>
      </Card>
    </div>
  )
}

function Outline({ of, name, alone }: { of: Trace; name: string; alone: number }) {
  const t = useText()
  const { to } = useWithin()
  const about = summaryOf(of)
  return (
    <Card className="span-6" title={`${name} · ${about.name}`} extra={<Link className="mono" to={to('traces', about.id)}>{about.id.slice(0, 12)}</Link>}>
      <Facts of={[
        [t('jobs.took'), duration(about.took)],
        [t('experiments.started'), dateTime(about.start)],
        [t('traces.spans'), `${about.spans} · ${t('traces.aloneCount', { count: alone })}`],
        [t('field.status'), about.errors ? <Status key="bad" tone="error" label={t('traces.errors', { count: about.errors })} /> : <Status key="fine" tone="success" label={t('traces.fine')} />],
      ]} />
    </Card>
  )
}

function Row({ row, longest }: { row: Pair; longest: number }) {
  const t = useText()
  const { difference } = row
  const side = (span: Span | undefined) => (span ? (
    <div className="compare-side"><span className="numbers">{duration(span.duration / 1e6)}</span><i style={{ width: `${(span.duration / longest) * 100}%` }} aria-hidden /></div>
  ) : <span className="muted">{t('traces.absent')}</span>)
  return (
    <tr>
      <th scope="row" style={{ paddingLeft: Math.min(row.depth, 14) * 16 }}><span className="muted small">{row.service}</span> {row.operation} {row.error && <span className="tag tone-error">{t('traces.error')}</span>}</th>
      <td>{side(row.a)}</td>
      <td>{side(row.b)}</td>
      <td className={`right numbers ${difference ? `toned tone-${difference > 0 ? 'warning' : 'success'}` : 'muted'}`}>{difference === undefined ? '—' : difference === 0 ? '0' : `${difference > 0 ? '+' : '−'}${duration(Math.abs(difference) / 1e6)}`}</td>
    </tr>
  )
}
