import { useMemo, useRef } from 'react'
import { useNavigate } from 'react-router'
import type { Sweep } from '../../api/generated'
import { Card } from '../../components/Card'
import { Drawing, type Drawn } from '../../components/Drawing'
import { UsageBar } from '../../components/UsageBar'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { axisAt, parallelOption, progressOption, scatterOption } from './options'
import { dimensionsOf, goalOf, importanceOf, rowsOf, trialsOf, within, type Dimension } from './series'
import { useLook } from './useLook'

/** Parameters that get a drawing of their own, the most important first. */
const MOST = 12
/** An axis needs so much room to be read. */
const AXIS_PX = 116

/** A click on a trial opens its job. */
function usePick(sweep: Sweep) {
  const project = useProject()
  const navigate = useNavigate()
  return (number: number) => {
    const job = trialsOf(sweep).find((trial) => trial.number === number)?.job
    if (job) void navigate(at(project, 'jobs', job))
  }
}

/** Every trial, and the best value so far. */
export function Progress({ sweep }: { sweep: Sweep }) {
  const t = useText()
  const look = useLook()
  const { metric, target } = sweep.spec.objective
  const option = useMemo(() => progressOption({ trials: trialsOf(sweep), goal: goalOf(sweep), target, best: sweep.status?.best?.number }, look), [sweep, target, look])
  return (
    <Card className="span-8" title={t('sweeps.progress', { metric })} extra={t('sweeps.byTrial')}>
      <div className="legend">
        <span><i style={{ ['--swatch' as string]: look.palette.accent }} />{t('sweeps.bestSoFar')}</span>
        <span>● {t('phase.Succeeded')}</span><span>◇ {t('sweeps.prunedWord')}</span><span>▲ {t('phase.Failed')}</span>
      </div>
      <Drawing option={option} label={t('sweeps.progressLabel', { metric })} height={230} pick={usePick(sweep)} />
    </Card>
  )
}

/** All parameters beside the objective; a stretch drawn on an axis chooses the trials that pass through it. */
export function Parallel({ sweep, chosen, choose }: { sweep: Sweep; chosen: ReadonlySet<number>; choose: (trials: number[]) => void }) {
  const t = useText()
  const look = useLook()
  const ranges = useRef(new Map<number, [number, number][]>())
  const dimensions = useMemo(() => dimensionsOf(sweep), [sweep])
  const rows = useMemo(() => rowsOf(trialsOf(sweep), dimensions), [sweep, dimensions])
  const option = useMemo(() => parallelOption({ dimensions, rows, chosen, goal: goalOf(sweep), best: sweep.status?.best?.number }, look), [sweep, dimensions, rows, chosen, look])
  const brush = ({ axis, stretches }: Drawn) => {
    ranges.current.set(axisAt(axis), stretches)
    choose(within(rows, ranges.current))
  }
  return (
    <div className="scroll-x" tabIndex={0} role="group" aria-label={t('sweeps.parallel')}>
      <div style={{ minWidth: dimensions.length * AXIS_PX }}>
        <Drawing option={option} label={t('sweeps.parallelLabel', { count: rows.length })} height={290} pick={usePick(sweep)} brush={brush} />
      </div>
    </div>
  )
}

/** Each parameter beside the objective. */
export function Scatters({ sweep }: { sweep: Sweep }) {
  const t = useText()
  const order = importanceOf(sweep).map(([name]) => name)
  const rank = (one: Dimension) => (order.includes(one.name) ? order.indexOf(one.name) : order.length)
  const parameters = dimensionsOf(sweep).slice(0, -1).toSorted((a, b) => rank(a) - rank(b))
  return (
    <Card className={order.length ? 'span-8' : 'span-12'} title={t('sweeps.scatters', { metric: sweep.spec.objective.metric })}>
      <div className="small-multiples">
        {parameters.slice(0, MOST).map((one) => <Scatter key={one.name} sweep={sweep} dimension={one} />)}
      </div>
      {parameters.length > MOST && <p className="muted small">{t('sweeps.more', { count: parameters.length - MOST })}</p>}
    </Card>
  )
}

function Scatter({ sweep, dimension }: { sweep: Sweep; dimension: Dimension }) {
  const t = useText()
  const look = useLook()
  // The dimension is made anew each time; what it says follows from the sweep.
  // oxlint-disable-next-line react/exhaustive-deps
  const option = useMemo(() => scatterOption(dimension, trialsOf(sweep), sweep.status?.best?.number, look), [sweep, dimension.name, look])
  return (
    <div>
      <h3 className="small mono truncate" style={{ fontWeight: 600 }}>{dimension.name}</h3>
      <Drawing option={option} label={t('sweeps.scatterLabel', { parameter: dimension.name, metric: sweep.spec.objective.metric })} height={140} pick={usePick(sweep)} />
    </div>
  )
}

/** How much of the objective each parameter explains. */
export function Importance({ sweep }: { sweep: Sweep }) {
  const t = useText()
  const shares = importanceOf(sweep)
  if (shares.length === 0) return null
  return (
    <Card className="span-4" title={t('sweeps.importance')}>
      <div className="weights">
        {shares.slice(0, MOST).map(([name, share]) => [<span key={name} className="mono truncate">{name}</span>, <UsageBar key={`${name} bar`} ratio={share} label={name} />])}
      </div>
      <p className="muted small" style={{ marginTop: 10 }}>{t('sweeps.importanceHint')}</p>
    </Card>
  )
}
