import { Button } from 'antd'
import { useMemo, useState } from 'react'
import { Link } from 'react-router'
import type { Sweep } from '../../api/generated'
import { CREATED_BY } from '../../api/kinds'
import { useAddress } from '../../components/address'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { Facts } from '../../components/Facts'
import { Empty } from '../../components/States'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { metric, number } from '../../i18n/format'
import { isOver } from '../jobs/phase'
import { AlgorithmLink } from '../jobs/AlgorithmLink'
import { queueAt } from '../queues/words'
import { Importance, Parallel, Progress, Scatters } from './Charts'
import { experimentName } from './compare'
import { hasValue, maxTrials, readNumbers, trialsOf, writeNumbers } from './series'
import { TrialTable } from './TrialTable'
import { ALGORITHM, GOAL, stoppingWords } from './words'

interface Props {
  sweep: Sweep
  experiment: string | undefined
}

export function Overview({ sweep, experiment }: Props) {
  const t = useText()
  const trials = trialsOf(sweep)
  const known = trials.some(hasValue)
  const going = trials.filter(({ state }) => state === 'Running' || state === 'Pending').length
  return (
    <div className="grid">
      {known ? (
        <>
          <Progress sweep={sweep} />
          <Best sweep={sweep} experiment={experiment} />
          <Together sweep={sweep} experiment={experiment} />
          <Scatters sweep={sweep} />
          <Importance sweep={sweep} />
        </>
      ) : (
        <Card className="span-12">
          <Empty title={t(isOver(sweep) ? 'sweeps.noValue' : 'sweeps.noValueYet')}
            hint={isOver(sweep) ? t('sweeps.noValueHint', { metric: sweep.spec.objective.metric }) : t('sweeps.noValueYetHint', { count: going })} />
        </Card>
      )}
      <Card className="span-6" title={t('sweeps.search')}><Search sweep={sweep} /></Card>
      <Card className="span-6" title={t('sweeps.job')}><JobFacts sweep={sweep} experiment={experiment} /></Card>
    </div>
  )
}

/** The trial that did best. */
function Best({ sweep, experiment }: Props) {
  const t = useText()
  const project = useProject()
  const best = sweep.status?.best
  if (!best) return <Card className="span-4" title={t('sweeps.bestTrial')}><Empty title={t('sweeps.noBest')} /></Card>
  return (
    <Card className="span-4" title={t('sweeps.bestTrial')} extra={<><Link to={at(project, 'jobs', best.job)}>{t('queues.job')}</Link>{experiment && best.runId && <Link to={at(project, 'experiments', experiment, 'runs', best.runId)}>{t('jobs.run')}</Link>}</>}>
      <div className="big-number numbers">{metric(best.value)}</div>
      <div className="muted small gap-below">{sweep.spec.objective.metric} · {t('sweeps.trialNumber', { number: best.number })}</div>
      <Facts right of={Object.entries(best.parameters).map(([name, value]) => [name, <span key={name} className="mono">{value}</span>])} />
    </Card>
  )
}

/** Parallel coordinates, and below them the trials that were chosen on them. */
function Together({ sweep, experiment }: Props) {
  const t = useText()
  const project = useProject()
  const [chosen, setChosen] = useAddress('trials')
  // Drawn anew when the choice is dropped: what was drawn on the axes goes with it.
  const [round, setRound] = useState(0)
  const numbers = useMemo(() => readNumbers(chosen), [chosen])
  const count = numbers.size
  const drop = () => {
    setChosen('')
    setRound(round + 1)
  }
  const table = `${at(project, 'sweeps', sweep.metadata.name, 'trials')}?trials=${chosen}`
  return (
    <Card className="span-12" title={t('sweeps.parallel')} extra={count > 0 ? <Link to={table}>{t('sweeps.inTable', { count })}</Link> : t('sweeps.parallelHint')}>
      <Parallel key={round} sweep={sweep} chosen={numbers} choose={(passing) => setChosen(writeNumbers(passing))} />
      {count > 0 && (
        <>
          <div className="row spread small" style={{ margin: '8px 0' }}><span className="muted">{t('sweeps.chosen', { count })}</span><Button size="small" onClick={drop}>{t('sweeps.choseNone')}</Button></div>
          <TrialTable brief sweep={sweep} experiment={experiment} />
        </>
      )}
    </Card>
  )
}

function Search({ sweep }: { sweep: Sweep }) {
  const t = useText()
  const { algorithm, objective, earlyStopping, parallelTrials, maxFailedTrials } = sweep.spec
  const name = algorithm?.name ?? 'tpe'
  return (
    <Facts of={[
      [t('sweeps.objective'), <span key="objective"><span className="mono">{objective.metric}</span> · {t(GOAL[objective.goal ?? 'maximize'])}</span>],
      [t('sweeps.target'), objective.target === undefined ? '' : metric(objective.target)],
      [t('sweeps.algorithm'), name === 'tpe' ? t('sweeps.tpeAfter', { count: algorithm?.startupTrials ?? 10 }) : t(ALGORITHM[name])],
      [t('sweeps.seed'), String(algorithm?.seed ?? 0)],
      [t('sweeps.earlyStopping'), stoppingWords(t, earlyStopping)],
      [t('sweeps.trials'), t('sweeps.atATime', { count: maxTrials(sweep), parallel: parallelTrials ?? 2 })],
      [t('sweeps.failures'), number(maxFailedTrials ?? 3, 0)],
      ...sweep.spec.parameters.map(({ name: parameter, type, min, max, step, scale, values = [] }): [string, React.ReactNode] => [
        parameter, <span key={parameter} className="mono">{type === 'categorical' ? values.join(', ') : `${min} … ${max}`}{step !== undefined && ` / ${step}`}{scale === 'log' && ' log'}</span>,
      ]),
    ]} />
  )
}

function JobFacts({ sweep, experiment }: Props) {
  const t = useText()
  const project = useProject()
  const { job } = sweep.spec
  return (
    <Facts of={[
      [t('algorithms.one'), job.algorithm && <AlgorithmLink key="algorithm" job={{ spec: job, status: sweep.status?.algorithm && { algorithm: { ...sweep.status.algorithm, version: sweep.status.algorithm.version ?? '' } } }} project={project} />],
      [t('jobs.command'), job.command && <span key="command" className="mono">{[...job.command, ...(job.args ?? [])].join(' ').slice(0, 300)}</span>],
      [t('jobs.environment'), job.environment ? <Link key="environment" to={at(project, 'environments', job.environment)}>{job.environment}</Link> : t('jobs.hostEnvironment')],
      [t('nav.datasets'), job.datasets?.map(({ name, version }) => (version ? `${name} @ ${version}` : name)).join(', ')],
      [t('jobs.queue'), job.queue && <Link key="queue" to={queueAt(job.queue)}>{job.queue}</Link>],
      [t('jobs.replicas'), (job.replicas ?? 1) > 1 ? number(job.replicas, 0) : ''],
      [t('jobs.experiment'), experiment ? <Link key="experiment" to={at(project, 'experiments', experiment)}>{experimentName(sweep)}</Link> : experimentName(sweep)],
      [t('jobs.model'), job.model && <Link key="model" to={at(project, 'models', job.model)}>{job.model}</Link>],
      ...Object.entries(job.parameters ?? {}).map(([name, value]): [string, React.ReactNode] => [name, <span key={name} className="mono">{value}</span>]),
      [t('field.createdBy'), sweep.metadata.annotations?.[CREATED_BY]],
      [t('field.created'), <Ago key="created" time={sweep.metadata.creationTimestamp} />],
    ]} />
  )
}
