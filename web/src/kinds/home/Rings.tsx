import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { useRanged } from '../../api/prom'
import { Ring } from '../../components/Ring'
import { useTravel, type Range } from '../../components/range'
import type { Tone } from '../../components/tone'
import { useText } from '../../i18n'
import { bytes, bytesOf, number, percent } from '../../i18n/format'
import { ratio, type Machine } from '../../objects/machines'
import { Recorded } from '../../objects/Recorded'

const PEAK = 'sum(rate(node_cpu_seconds_total{mode!~"idle|iowait|steal"}[2m]))'

const sum = (values: (number | undefined)[]): number | undefined =>
  values.every((one) => one === undefined) ? undefined : values.reduce<number>((all, one) => all + (one ?? 0), 0)

/** Three questions: how much computing, memory and acceleration is in use? */
export function Rings({ machines, range, narrowed }: { machines: Machine[] | undefined; range: Range; narrowed: boolean }) {
  const t = useText()
  const peak = useRanged(PEAK, range.seconds, range.end, !narrowed)
  const all = machines ?? []
  const cpu = { used: sum(all.map((one) => one.cpu.used)), total: sum(all.map((one) => one.cpu.total)) }
  const memory = { used: sum(all.map((one) => one.memory.used)), total: sum(all.map((one) => one.memory.total)) }
  const cards = { used: sum(all.map((one) => one.accelerators.used)), total: sum(all.map((one) => one.accelerators.total)) ?? 0 }
  const busy = all.map((one) => one.accelerators.busy).filter((one) => one !== undefined)
  // The peak is of all machines.
  const highest = !narrowed && peak.data?.[0] && cpu.total ? Math.max(...peak.data[0].points.map(([, value]) => value)) / cpu.total : undefined
  const free = memory.used !== undefined && memory.total ? memory.total - memory.used : undefined
  return (
    <div className="grid">
      <RingCard to="/cluster" tone="accent" name={t('field.cpu')} of={ratio(cpu.used, cpu.total)} words={t('unit.cores', { n: `${number(cpu.used)} / ${number(cpu.total)}` })}
        hint={typeof highest === 'number' ? t('home.peak', { share: percent(highest) }) : machines && !narrowed ? t('home.unmeasured') : ''} />
      <RingCard to="/cluster" tone="accent" name={t('field.memory')} of={ratio(memory.used, memory.total)} words={memory.total ? bytesOf(memory.used, memory.total) : '—'}
        hint={free !== undefined ? t('home.free', { amount: bytes(free) }) : machines ? t('home.unmeasured') : ''} />
      <RingCard to="/gpus" tone="accelerator" name={t('field.accelerators')} mark={all.some((one) => one.accelerators.recorded) && <Recorded />} of={cards.total ? ratio(cards.used ?? 0, cards.total) : undefined}
        words={cards.total ? t('unit.cards', { n: `${number(cards.used ?? 0, 0)} / ${cards.total}` }) : t('home.noCards')}
        hint={cards.total ? (busy.length ? t('home.busy', { share: percent(busy.reduce((a, b) => a + b, 0) / busy.length / 100) }) : '') : t('home.noCardsHint')} />
    </div>
  )
}

interface RingProps {
  to: string
  tone: Tone
  name: string
  mark?: ReactNode
  of: number | undefined
  words: string
  hint: string
}

function RingCard({ to, tone, name, mark, of, words, hint }: RingProps) {
  const travel = useTravel()
  return (
    <Link to={travel(to)} className="card ring-card span-4" style={{ color: 'inherit', textDecoration: 'none' }}>
      <Ring ratio={of} tone={tone} label={name} />
      <div style={{ minWidth: 0 }}>
        <div className="row"><span className="muted">{name}</span>{mark}</div>
        <div className="big numbers truncate">{words}</div>
        <div className="muted small numbers">{hint || '\u00a0'}</div>
      </div>
    </Link>
  )
}
