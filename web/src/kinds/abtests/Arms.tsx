import type { ABTest } from '../../api/generated'
import { useText } from '../../i18n'
import { number } from '../../i18n/format'
import { armsOf, leastSubjects, standingOf, type Arm, type Metric, type Standing } from './arms'
import { Ruler, Ticks } from './Ruler'
import { scaleOf, type Scale } from './scale'
import { useTints } from './useTints'
import { knownWords, signed, valueWords } from './words'

const TONE: Record<Standing, string> = { better: 'tone-success', worse: 'tone-error', open: 'tone-muted' }

/** A row for each variant: its value, and how it stands beside the control. */
export function Arms({ test, metric }: { test: ABTest; metric: Metric }) {
  const t = useText()
  const arms = armsOf(test, metric)
  const intervals = arms.flatMap(({ figures }) => figures?.interval ?? [])
  const isDrawn = intervals.length > 0
  const { minimumEffect, direction } = metric
  const wanted = minimumEffect === undefined ? undefined : minimumEffect * (direction === 'decrease' ? -1 : 1)
  const scale = scaleOf(intervals, wanted === undefined ? [] : [wanted])
  return (
    <div className="arms">
      <div className="arm arm-head" aria-hidden>
        <span>{t('abtests.variant')}</span><span className="arm-value">{t('abtests.value')}</span>
        <span className="arm-effect">{t('abtests.effect')}</span>
        <span className="arm-ruler">{isDrawn && (wanted === undefined ? t('abtests.against') : t('abtests.againstWanted', { effect: signed(wanted) }))}</span><span />
      </div>
      <ul>
        {arms.map((arm) => <Row key={arm.variant} test={test} metric={metric} arm={arm} scale={scale} wanted={wanted} isDrawn={isDrawn} />)}
      </ul>
      {isDrawn && <div className="arm arm-foot"><span className="arm-ruler"><Ticks scale={scale} /></span></div>}
    </div>
  )
}

interface RowProps {
  test: ABTest
  metric: Metric
  arm: Arm
  scale: Scale
  wanted: number | undefined
  isDrawn: boolean
}

function Row({ test, metric, arm, scale, wanted, isDrawn }: RowProps) {
  const t = useText()
  const tint = useTints()
  const { figures, isControl, variant, index } = arm
  const standing = standingOf(test, metric, arm)
  const { effect, interval } = figures ?? {}
  const said = interval ? t('abtests.between', { lower: signed(interval.lower), upper: signed(interval.upper) }) : ''
  return (
    <li className={`arm ${isControl ? 'arm-control' : ''}`}>
      <div className="arm-name">
        <span className="anywhere strong"><i className="swatch" style={{ background: tint(index) }} aria-hidden />{variant}</span>
        <span className="muted small numbers">{t('abtests.subjectCount', { count: number(figures?.count ?? 0, 0) })}</span>
      </div>
      <span className="arm-value numbers">{valueWords(metric, figures?.value)}</span>
      <span className="arm-effect numbers">{isControl ? <span className="muted">{t('abtests.control')}</span> : signed(effect)}</span>
      <div className="arm-ruler">
        {isDrawn && <Ruler scale={scale} estimate={isControl ? 0 : effect} interval={interval} wanted={wanted} colour={standing === 'worse' ? 'var(--error)' : tint(index)} label={isControl ? t('abtests.control') : `${variant}: ${signed(effect)}, ${said}`} />}
      </div>
      <div className="arm-known">{!isControl && <Known test={test} arm={arm} standing={standing} said={said} />}</div>
    </li>
  )
}

/** Whether it is known to be better, and how surely; or what is missing. */
function Known({ test, arm: { figures }, standing, said }: { test: ABTest; arm: Arm; standing: Standing; said: string }) {
  const t = useText()
  const needed = leastSubjects(test)
  const count = figures?.count ?? 0
  if (!figures || (figures.effect === undefined && count < needed)) return <span className="muted small numbers">{t('abtests.tooFew', { count: number(count, 0), needed: number(needed, 0) })}</span>
  if (figures.effect === undefined) return <span className="muted small">{figures.message ?? t('abtests.noComparison')}</span>
  const { word, how } = knownWords(t, standing, figures)
  return (
    <>
      <span className={`toned ${TONE[standing]} ${standing === 'open' ? '' : 'strong'}`}>{word}</span>
      <span className="muted small numbers">{how}{said && <><br />{said}</>}</span>
    </>
  )
}
