import type { ReactNode } from 'react'
import { Card } from '../components/Card'
import { Status } from '../components/Status'
import type { Tone } from '../components/tone'
import { useNow } from '../components/useNow'
import { useText, type Translate } from '../i18n'
import { duration, number, percent } from '../i18n/format'
import { heldBy, progressOf, stepsAlong, type Progress, type Rollout, type Rule } from './rollout'

interface Props {
  rollout: Rollout
  rule: Rule
  /** Names of both versions; none before there was one. */
  old: string | undefined
  next: string
  /** What the platform says about it. */
  said: string | undefined
  titles: { coming: string; back: string }
  extra?: ReactNode
}

/** How far a new version has come, and what it is held to. */
export function RolloutProgress({ rollout, rule, old = '—', next, said, titles, extra }: Props) {
  const t = useText()
  const isCounting = rollout.state === 'Progressing'
  const progress = progressOf(rule, rollout, useNow(isCounting))
  const isBack = rollout.state === 'RolledBack'
  return (
    <Card className="span-12" title={isBack ? titles.back : titles.coming} extra={<><Status tag tone={isBack ? 'warning' : 'accent'} label={stateWords(t, rollout, rule.steps.length)} />{extra}</>}>
      <div className="stack">
        {rollout.state !== 'Promoting' && <Shares old={old} next={next} percent={rollout.state === 'Starting' ? 0 : rollout.percent} />}
        <StepLine steps={rule.steps} rollout={rollout} progress={progress} />
        {rollout.state === 'Starting' && <p className="muted anywhere">{t('rollout.startingHint')} {said}</p>}
        {rollout.state === 'Promoting' && <p className="muted">{t('rollout.promotingHint', { version: next })}</p>}
        {(isCounting || isBack) && <Meters rollout={rollout} progress={progress} />}
      </div>
    </Card>
  )
}

function stateWords(t: Translate, { state, step }: Rollout, steps: number): string {
  if (state === 'Starting') return t('rollout.starting')
  if (state === 'Promoting') return t('rollout.promoting')
  return state === 'RolledBack' ? t('rollout.back') : t('rollout.step', { step: step + 1, steps })
}

/** Both versions with what they get. */
function Shares({ old, next, percent: share }: { old: string; next: string; percent: number }) {
  const t = useText()
  const words = (version: string, part: number) => t('rollout.shareOf', { version, share: percent(part / 100) })
  return (
    <div>
      <div className="row wrap spread numbers">
        <span><i className="swatch old" aria-hidden />{words(old, 100 - share)}</span>
        <span><i className="swatch next" aria-hidden />{words(next, share)}</span>
      </div>
      <div className="traffic" aria-hidden><div className="traffic-old" style={{ width: `${100 - share}%` }} /><div className="traffic-next" style={{ width: `${share}%` }} /></div>
    </div>
  )
}

function StepLine({ steps, rollout, progress }: { steps: number[]; rollout: Rollout; progress: Progress }) {
  const t = useText()
  const held = heldBy(progress)
  const waits = held === 'time' ? t('rollout.waitsTime', { time: duration(Math.max(1, Math.ceil(progress.wantedSeconds - progress.seconds))) })
    : held === 'requests' ? t('rollout.waitsRequests', { count: number(progress.wantedRequests - progress.requests, 0) }) : t('rollout.soon')
  return (
    <ol className="steps" aria-label={t('rollout.along')}>
      {stepsAlong(steps, rollout).map(({ percent: share, state }, index) => (
        // The same share may stand at several steps.
        // oxlint-disable-next-line react/no-array-index-key
        <li key={index} className={state} {...(state === 'now' && { 'aria-current': 'step' as const })}>
          <span className="strong numbers">{percent(share / 100)}</span>
          {state === 'now' && <span className="muted small numbers">{rollout.state === 'Promoting' ? t('rollout.promoting') : waits}</span>}
          {state === 'failed' && <span className="small toned tone-warning">{t('rollout.back')}</span>}
        </li>
      ))}
    </ol>
  )
}

/** Time, requests and failures of the step against what is asked of it. */
function Meters({ rollout, progress }: { rollout: Rollout; progress: Progress }) {
  const t = useText()
  const { seconds, wantedSeconds, requests, wantedRequests, failures, allowedFailures, allowedPercent } = progress
  const failing: Tone = failures > allowedFailures ? 'error' : failures > 0 ? 'warning' : 'success'
  return (
    <div className="meters">
      {rollout.state === 'Progressing' && <Meter name={t('rollout.time')} ratio={seconds / wantedSeconds} said={t('rollout.timeOf', { time: duration(Math.floor(seconds)), wanted: duration(wantedSeconds) })} />}
      <Meter name={t('rollout.requests')} ratio={requests / wantedRequests} said={t('rollout.requestsOf', { count: number(requests, 0), wanted: number(wantedRequests, 0) })} />
      <Meter name={t('rollout.failures')} tone={failing} ratio={failures / Math.max(1, allowedFailures)} said={t('rollout.failuresOf', { count: number(failures, 0), allowed: number(allowedFailures, 0), share: `${allowedPercent}%` })} />
    </div>
  )
}

function Meter({ name, ratio, said, tone = 'accent' }: { name: string; ratio: number; said: string; tone?: Tone }) {
  return (
    <div className={`meter tone-${tone}`}>
      <div className="row spread"><span className="muted">{name}</span><span className="numbers">{said}</span></div>
      <div className="bar-track" aria-hidden><div className="bar-fill" style={{ width: `${Math.min(1, Math.max(0, ratio)) * 100}%` }} /></div>
    </div>
  )
}
