import type { LogPage } from '../../api/logs'
import type { Tone } from '../../components/tone'
import { useText } from '../../i18n'
import { clock, dateTime, number } from '../../i18n/format'

interface Props {
  of: LogPage & { from: number; to: number }
  choose: (from: number, to: number) => void
}

const BARS = 60
/** From the ground up: what needs a person is nearest to the ground, so that it lines up. */
const STACK: [Tone, string[]][] = [
  ['error', ['error', 'fatal']],
  ['warning', ['warn']],
  ['accent', ['info']],
  ['muted', ['debug', 'trace', '']],
]

interface Bar {
  from: number
  to: number
  counts: number[]
  total: number
}

/** Lines over time, by level; a bar is a link to its time. */
export function Histogram({ of, choose }: Props) {
  const t = useText()
  const bars = barsOf(of)
  const tallest = Math.max(1, ...bars.map((bar) => bar.total))
  return (
    <div>
      <div className="histogram" role="group" aria-label={t('explorer.histogram')}>
        {bars.map((bar) => {
          const label = t('explorer.bar', { count: number(bar.total, 0), time: dateTime(bar.from) })
          return (
            <button type="button" key={bar.from} title={label} aria-label={label} tabIndex={bar.total ? 0 : -1} onClick={() => choose(bar.from, bar.to)}>
              {STACK.map(([tone], index) => {
                const count = bar.counts[index] ?? 0
                return count > 0 && <span key={tone} className={`tone-${tone}`} style={{ height: `${Math.max(2, (count / tallest) * 100)}%`, opacity: tone === 'accent' || tone === 'muted' ? 0.55 : 1 }} />
              })}
            </button>
          )
        })}
      </div>
      <div className="axis numbers"><span>{clock(of.from)}</span><span>{clock((of.from + of.to) / 2)}</span><span>{clock(of.to)}</span></div>
    </div>
  )
}

function barsOf({ histogram, from, to }: Props['of']): Bar[] {
  const width = (to - from) / BARS
  const bars = Array.from({ length: BARS }, (_, index): Bar => ({
    from: Math.round(from + index * width), to: Math.round(from + (index + 1) * width), counts: STACK.map(() => 0), total: 0,
  }))
  for (const { time, counts } of histogram) {
    const bar = bars[Math.min(BARS - 1, Math.max(0, Math.floor((time - from) / width)))]
    if (!bar) continue
    STACK.forEach(([, levels], index) => {
      const count = levels.reduce((sum, level) => sum + (counts[level] ?? 0), 0)
      bar.counts[index] = (bar.counts[index] ?? 0) + count
      bar.total += count
    })
  }
  return bars
}
