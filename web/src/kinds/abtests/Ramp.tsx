import type { ABTest } from '../../api/generated'
import { Card } from '../../components/Card'
import { useNow } from '../../components/useNow'
import { useText } from '../../i18n'
import { duration } from '../../i18n/format'
import { phaseOf } from './phase'
import { portion } from './words'

/** How many take part, step by step. */
export function Ramp({ test }: { test: ABTest }) {
  const t = useText()
  const { ramp: steps = [] } = test.spec
  const ramp = test.status?.ramp
  const isRunning = phaseOf(test) === 'Running'
  const now = useNow(isRunning && steps.length > 0)
  if (steps.length === 0) return null
  const place = ramp?.step ?? 0
  const left = ramp?.since ? Date.parse(ramp.since) / 1000 + (steps[place]?.seconds ?? 0) - now / 1000 : undefined
  const all = [...steps.map(({ percent, seconds }) => ({ percent, seconds })), { percent: 100, seconds: undefined }]
  return (
    <Card className="span-12" title={t('abtests.ramp')} extra={ramp && t('abtests.takePart', { share: portion(ramp.percent / 100) })}>
      <ol className="steps" aria-label={t('abtests.ramp')}>
        {all.map(({ percent, seconds }, index) => {
          const state = index < place ? 'done' : index > place || !ramp ? 'todo' : 'now'
          return (
            // The same share may stand at several steps.
            // oxlint-disable-next-line react/no-array-index-key
            <li key={index} className={state} {...(state === 'now' && { 'aria-current': 'step' as const })}>
              <span className="strong numbers">{portion(percent / 100)}</span>
              <span className="muted small numbers">{state === 'now' && isRunning && seconds !== undefined && left !== undefined ? t('rollout.waitsTime', { time: duration(Math.max(1, Math.ceil(left))) }) : seconds !== undefined && duration(seconds)}</span>
            </li>
          )
        })}
      </ol>
    </Card>
  )
}
