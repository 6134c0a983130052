import type { ABTest } from '../../api/generated'
import { Card } from '../../components/Card'
import type { Tone } from '../../components/tone'
import { useText, type MessageKey } from '../../i18n'
import { number } from '../../i18n/format'
import { fewestOf, leastSubjects, type Guardrail, type Metric } from './arms'
import { Ruler, Ticks } from './Ruler'
import { scaleOf } from './scale'
import { useTints } from './useTints'
import { differenceWords, signed } from './words'

const VERDICT: Record<Guardrail['verdict'], { word: MessageKey; tone: Tone }> = {
  Harmful: { word: 'abtests.harmful', tone: 'error' },
  Inconclusive: { word: 'abtests.inconclusive', tone: 'muted' },
  Fine: { word: 'abtests.fine', tone: 'success' },
}

/** What no variant may harm: the test stops by itself. */
export function Guardrails({ test }: { test: ABTest }) {
  const t = useText()
  const rules = test.spec.guardrails ?? []
  if (rules.length === 0) return null
  return (
    <Card className="span-12" title={t('abtests.guardrails')} extra={t('abtests.guardrailsHint')}>
      <div className="stack">
        {rules.map(({ metric: name, maxWorse, maxWorseBy }) => {
          const metric = test.spec.metrics.find((one) => one.name === name)
          return metric && <Watched key={name} test={test} metric={metric} share={maxWorse ?? 0} amount={maxWorseBy} />
        })}
      </div>
    </Card>
  )
}

interface Props {
  test: ABTest
  metric: Metric
  /** How much worse is accepted: of the control … */
  share: number
  /** … or in units of the metric. */
  amount: number | undefined
}

function Watched({ test, metric, share, amount }: Props) {
  const t = useText()
  const found = test.status?.guardrails?.filter((one) => one.metric === metric.name) ?? []
  const accepted = amount === undefined ? signed(share).replace('+', '') : differenceWords(metric, amount).replace('+', '')
  const isAbsolute = found.some((one) => one.isAbsolute)
  const format = isAbsolute ? (value: number) => differenceWords(metric, value) : signed
  const known = found.filter(({ interval }) => interval !== undefined)
  const scale = scaleOf(known.flatMap(({ interval }) => interval ?? []), found.map(({ maxWorse }) => -maxWorse))
  return (
    <div className="arms guardrails">
      <div className="row wrap spread small" style={{ gap: '2px 12px' }}><h3 className="anywhere">{metric.name}</h3><span className="muted numbers">{t('abtests.accepted', { amount: accepted })}</span></div>
      {found.length === 0 ? <p className="muted small">{t('abtests.notJudged')}</p> : (
        <ul>
          {found.map((one) => <Row key={one.variant} test={test} guardrail={one} format={format}>{one.interval && <Ruler scale={scale} estimate={one.improvement} interval={one.interval} bound={-one.maxWorse} colour={one.verdict === 'Harmful' ? 'var(--error)' : 'var(--muted)'} label={`${one.variant}: ${format(one.improvement ?? 0)}`} />}</Row>)}
        </ul>
      )}
      {known.length > 0 && <div className="arm arm-foot"><span className="arm-ruler"><Ticks scale={scale} format={format} /></span></div>}
    </div>
  )
}

function Row({ test, guardrail, format, children }: { test: ABTest; guardrail: Guardrail; format: (value: number) => string; children: React.ReactNode }) {
  const t = useText()
  const tint = useTints()
  const { variant, verdict, improvement, message } = guardrail
  const { word, tone } = VERDICT[verdict]
  const count = fewestOf(test, guardrail.metric)
  const missing = count < leastSubjects(test) ? t('abtests.tooFew', { count: number(count, 0), needed: number(leastSubjects(test), 0) }) : message
  const said = improvement === undefined ? missing : t(improvement < 0 ? 'abtests.worseBy' : 'abtests.betterBy', { amount: format(Math.abs(improvement)).replace('+', '') })
  return (
    <li className="arm">
      <div className="arm-name"><span className="anywhere strong"><i className="swatch" style={{ background: tint(test.spec.variants.findIndex(({ name }) => name === variant)) }} aria-hidden />{variant}</span></div>
      <div className="arm-ruler">{children}</div>
      <div className="arm-known"><span className={`toned tone-${tone} ${verdict === 'Harmful' ? 'strong' : ''}`}>{t(word)}</span>{said && <span className="muted small numbers">{said}</span>}</div>
    </li>
  )
}
