import type { ReactNode } from 'react'
import type { ABTest } from '../../api/generated'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import type { Tone } from '../../components/tone'
import { useText, type MessageKey } from '../../i18n'
import { number } from '../../i18n/format'
import { armsOf, controlOf, fewestOf, leastSubjects, metricsOf } from './arms'
import { chance, pValue, portion, signed } from './words'

const TONE: Record<'Open' | 'Winner' | 'NoDifference' | 'Stopped', Tone> = { Open: 'muted', Winner: 'success', NoDifference: 'accent', Stopped: 'error' }

/** What each reason of a decision means. */
const WORDS: Record<string, { title: MessageKey; hint: MessageKey }> = {
  NotBegun: { title: 'abtests.notBegun', hint: 'abtests.notBegunHint' },
  Collecting: { title: 'abtests.collecting', hint: 'abtests.collectingHint' },
  Undecided: { title: 'abtests.undecided', hint: 'abtests.undecidedHint' },
  AwaitingEnd: { title: 'abtests.undecided', hint: 'abtests.awaitingEndHint' },
  Choosing: { title: 'abtests.undecided', hint: 'abtests.choosingHint' },
  LikelyBest: { title: 'abtests.likelyBest', hint: 'abtests.likelyBestHint' },
  NoneBest: { title: 'abtests.horizon', hint: 'abtests.noneBestHint' },
  NoAnswer: { title: 'abtests.undecided', hint: 'abtests.noAnswerHint' },
  SampleRatioMismatch: { title: 'abtests.noTrust', hint: 'abtests.noTrustHint' },
  GuardrailHarmed: { title: 'abtests.harmed', hint: 'abtests.harmedHint' },
  Significant: { title: 'abtests.wins', hint: 'abtests.winsHint' },
  LikelyBetter: { title: 'abtests.wins', hint: 'abtests.winsHint' },
  ControlBetter: { title: 'abtests.controlWins', hint: 'abtests.controlWinsHint' },
  Negligible: { title: 'abtests.negligible', hint: 'abtests.negligibleHint' },
  HorizonReached: { title: 'abtests.horizon', hint: 'abtests.horizonHint' },
}

/** What the test says so far, at a glance. */
export function Verdict({ test }: { test: ABTest }) {
  const t = useText()
  const { decision, analysed, promotion, startTime } = test.status ?? {}
  const state = decision?.state ?? 'Open'
  const words = WORDS[startTime ? (decision?.reason ?? 'Collecting') : 'NotBegun'] ?? WORDS.Undecided
  const values = useVerdictValues(test)
  return (
    <Card className="span-12 verdict">
      <div className="row wrap spread" style={{ gap: '12px 24px', alignItems: 'flex-start' }}>
        <div style={{ minWidth: 0, flex: '1 1 320px' }}>
          <div className={`verdict-word tone-${TONE[state]}`}><span className="dot" aria-hidden />{words && t(words.title, values)}</div>
          <p className="muted anywhere numbers">{words && t(words.hint, values)}</p>
          {promotion && <p className={`anywhere toned tone-${promotion.done ? 'success' : 'warning'}`}>{t(promotion.done ? 'abtests.promotionDone' : 'abtests.promotionUnderWay', { variant: promotion.variant })} <span className="muted">{promotion.message}</span></p>}
        </div>
        {analysed && <span className="muted small">{t('abtests.analysed')} <Ago time={analysed} /></span>}
      </div>
      <Numbers test={test} />
    </Card>
  )
}

function useVerdictValues(test: ABTest): Record<string, string> {
  const [metric] = metricsOf(test)
  const arms = metric ? armsOf(test, metric) : []
  const winner = arms.find(({ variant }) => variant === test.status?.decision?.winner)?.figures
  const { best = [] } = test.status?.bandit ?? {}
  const sure = winner?.chanceToWin === undefined ? pValue(winner?.pValue ?? 1) : chance(winner.chanceToWin)
  return {
    winner: test.status?.decision?.winner ?? '', control: controlOf(test), metric: metric?.name ?? '',
    effect: signed(winner?.effect), lower: signed(winner?.interval?.lower), upper: signed(winner?.interval?.upper), sure,
    best: best.length > 0 ? chance(Math.max(...best)) : '—',
    count: number(fewestOf(test, metric?.name ?? ''), 0), needed: number(leastSubjects(test), 0),
    wanted: portion(metric?.minimumEffect), message: test.status?.decision?.message ?? '',
  }
}

/** How much the figures rest on. */
function Numbers({ test }: { test: ABTest }) {
  const t = useText()
  const { subjects = 0, requests = 0, outcomes } = test.status ?? {}
  const shown: [string, ReactNode][] = [[t('abtests.subjects'), number(subjects, 0)], [t('abtests.exposures'), number(requests, 0)], [t('abtests.outcomes'), number(outcomes?.joined ?? 0, 0)]]
  return (
    <dl className="tally numbers">
      {shown.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}
    </dl>
  )
}
