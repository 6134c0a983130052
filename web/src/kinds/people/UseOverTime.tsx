import { Segmented } from 'antd'
import { useSeries, type By, type Only, type Series, type Totals } from '../../api/ledger'
import { windowOf } from '../../api/prom'
import { Card } from '../../components/Card'
import { Chart, type Line } from '../../components/Chart'
import { useAddress } from '../../components/address'
import { useRange } from '../../components/range'
import { Await, Empty } from '../../components/States'
import { useLanguage, useText } from '../../i18n'
import { amount, money } from '../../i18n/format'
import { useTheme } from '../../theme/ThemeProvider'

const MEASURES = ['cpu', 'memory', 'cards', 'cost'] as const
type Measure = (typeof MEASURES)[number]
const VALUE: Record<Measure, (totals: Totals) => number> = {
  cpu: (one) => one.cpuHours, memory: (one) => one.memoryGiBHours, cards: (one) => one.acceleratorHours, cost: (one) => one.cost ?? 0,
}
/** More colours than that tell nobody apart. */
const MANY = 8

interface Props {
  by: By
  only: Only
  title: string
  currency: string | undefined
  cards: boolean
  className?: string
}

/** Hours and costs a day, or an hour, piled up. */
export function UseOverTime({ by, only, title, currency, cards, className = 'span-12' }: Props) {
  const t = useText()
  const { language } = useLanguage()
  const { palette } = useTheme()
  const range = useRange()
  const series = useSeries(by, range, only)
  const [chosen, choose] = useAddress('measure', 'cpu')
  const offered = MEASURES.filter((one) => (one !== 'cost' || currency) && (one !== 'cards' || cards))
  const measure = offered.find((one) => one === chosen) ?? 'cpu'
  const format = (value: number) => (measure === 'cost' && currency ? money(value, currency, language) : amount(value))
  return (
    <Card className={className} title={title}
      extra={<Segmented size="small" aria-label={t('ledger.measure')} value={measure} onChange={choose} options={offered.map((one) => ({ value: one, label: t(`ledger.${one}`) }))} />}>
      <Await of={series}>
        {(items) => (items.length === 0 ? <Empty title={t('ledger.none')} hint={t('ledger.noneHint')} />
          : <Chart label={title} lines={linesOf(items, measure, palette.series, windowOf(range.seconds, range.end).start * 1000)} format={format} height={220} />)}
      </Await>
    </Card>
  )
}

/** The largest on their own, the rest together; a step that began before the range stands at its start. */
function linesOf(items: Series[], measure: Measure, colours: readonly string[], start: number): Line[] {
  const value = VALUE[measure]
  const sum = (one: Series) => one.points.reduce((all, point) => all + value(point), 0)
  const sorted = items.toSorted((a, b) => sum(b) - sum(a))
  const shown = sorted.slice(0, MANY)
  const times = [...new Set(items.flatMap((one) => one.points.map((point) => Date.parse(point.time))))].toSorted((a, b) => a - b)
  const line = (name: string, of: Series[], index: number): Line => ({
    name, bars: true, stack: 'use', colour: colours[index % colours.length] ?? 'currentColor',
    points: times.map((time) => [Math.max(time, start), of.flatMap((one) => one.points).filter((point) => Date.parse(point.time) === time).reduce((all, point) => all + value(point), 0)]),
  })
  const rest = sorted.slice(MANY)
  return [...shown.map((one, index) => line(one.name || '—', [one], index)), ...(rest.length ? [line('…', rest, MANY)] : [])]
}
