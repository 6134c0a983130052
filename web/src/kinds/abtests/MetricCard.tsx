import type { ABTest } from '../../api/generated'
import { Card } from '../../components/Card'
import { Notice } from '../../components/Notice'
import { useText } from '../../i18n'
import { duration, number } from '../../i18n/format'
import { Arms } from './Arms'
import { armsOf, leftOf, standingOf, type Metric } from './arms'
import { isOver } from './phase'
import { DIRECTION, portion, sourceWords } from './words'

/** One metric: a row for each variant, and how much longer it takes to know. */
export function MetricCard({ test, metric, className }: { test: ABTest; metric: Metric; className: string }) {
  const t = useText()
  const { primary, guardrails } = test.spec
  const message = test.status?.metrics?.find(({ name }) => name === metric.name)?.message
  return (
    <Card className={`metric ${className}`} extra={<span className="metric-of">{sourceWords(t, metric)} · {t(DIRECTION[metric.direction ?? 'increase'])}</span>}
      title={<span className="row wrap" style={{ gap: '4px 8px' }}>
        <span className="anywhere">{metric.name}</span>
        {metric.name === primary && <span className="tag tone-accent">{t('abtests.primary')}</span>}
        {guardrails?.some((one) => one.metric === metric.name) && <span className="tag tone-warning">{t('abtests.guardrail')}</span>}
        {metric.covariate && <span className="tag" title={t('abtests.cupedHint')}>CUPED</span>}
      </span>}>
      {message && <div className="gap-below"><Notice tone="warning" title={t('abtests.noValues')}>{message}</Notice></div>}
      <Arms test={test} metric={metric} />
      <Time test={test} metric={metric} />
    </Card>
  )
}

/** The effect that is found today, and the time until the wanted one would be. */
function Time({ test, metric }: { test: ABTest; metric: Metric }) {
  const t = useText()
  const arms = armsOf(test, metric)
  const left = leftOf(arms)
  if (!left) return null
  const detectable = portion(left.detectable)
  const wanted = metric.minimumEffect
  const isKnown = arms.slice(1).every((arm) => standingOf(test, metric, arm) !== 'open')
  if (isOver(test) || wanted === undefined || isKnown) {
    const words = isOver(test) ? t('abtests.wouldHaveFound', { effect: detectable }) : t('abtests.findsToday', { effect: detectable })
    return <p className="metric-time muted small numbers">{words}{wanted === undefined && !isOver(test) && metric.name === test.spec.primary && <> {t('abtests.noWanted')}</>}</p>
  }
  const { subjects = 0, have, seconds } = left
  const ratio = subjects > 0 ? have / (have + subjects) : 1
  const words = subjects > 0
    ? t(seconds === undefined ? 'abtests.subjectsLeft' : 'abtests.timeLeft', { effect: portion(wanted), time: duration(seconds), count: number(subjects, 0) })
    : t('abtests.enough', { effect: portion(wanted) })
  return (
    <div className="metric-time meter tone-accent">
      <div className="row wrap spread small numbers" style={{ gap: '2px 16px' }}><span>{words}</span><span className="muted">{t('abtests.findsToday', { effect: detectable })}</span></div>
      <div className="bar-track" aria-hidden><div className="bar-fill" style={{ width: `${ratio * 100}%` }} /></div>
    </div>
  )
}
