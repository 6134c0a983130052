import { Link } from 'react-router'
import { useText } from '../../i18n'
import { clock, dateTime, duration } from '../../i18n/format'
import { useWithin } from './paths'
import { scaleOf } from './scale'
import type { Summary } from './shape'

const DAY_MS = 86_400_000

/** Durations over time, on a logarithmic scale; a point opens its trace. The table below has the same for those who cannot see it. */
export function Scatter({ of }: { of: Summary[] }) {
  const t = useText()
  const { to } = useWithin()
  const { low, high, rules } = scaleOf(of.map((one) => one.took))
  const first = Math.min(...of.map((one) => one.start))
  const last = Math.max(...of.map((one) => one.start), first + 1)
  const up = (seconds: number) => ((Math.log10(Math.max(seconds, 10 ** low)) - low) / (high - low)) * 100
  const most = Math.max(...of.map((one) => one.spans))
  const time = (at: number) => (last - first >= DAY_MS ? dateTime(at).slice(5, 16) : clock(at))
  return (
    <figure className="scatter" aria-label={t('traces.scatter', { count: of.length })}>
      <div className="scatter-field">
        {rules.map((rule) => <div key={rule} className="scatter-rule numbers" style={{ bottom: `${up(rule)}%` }}><span>{duration(rule)}</span></div>)}
        {of.map((one) => {
          const size = 7 + 7 * Math.sqrt(one.spans / most)
          const words = `${one.service} ${one.name}, ${duration(one.took)}, ${dateTime(one.start)}${one.errors ? `, ${t('traces.errors', { count: one.errors })}` : ''}`
          return (
            <Link key={one.id} to={to('traces', one.id)} tabIndex={-1} title={words} aria-label={words} className={`scatter-point tone-${one.errors ? 'error' : 'accent'}`}
              style={{ left: `${((one.start - first) / (last - first)) * 100}%`, bottom: `${up(one.took)}%`, width: size, height: size }} />
          )
        })}
      </div>
      <div className="axis numbers"><span>{time(first)}</span><span>{time((first + last) / 2)}</span><span>{time(last)}</span></div>
    </figure>
  )
}
