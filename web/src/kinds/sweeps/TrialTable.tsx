import { Button, Select } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import type { Sweep } from '../../api/generated'
import { useAddress } from '../../components/address'
import { DataTable, type Column } from '../../components/DataTable'
import { Empty } from '../../components/States'
import { Status } from '../../components/Status'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { metric, number } from '../../i18n/format'
import { COMPARED, compareAt } from './compare'
import { goalOf, hasValue, ranked, readNumbers, trialsOf, type Trial } from './series'
import { STATES } from './states'

interface Props {
  sweep: Sweep
  experiment: string | undefined
  /** Below a drawing: without tools. */
  brief?: boolean
}

/** Every trial with its parameters; those that were chosen on a drawing alone, while there are such. */
export function TrialTable({ sweep, experiment, brief = false }: Props) {
  const t = useText()
  const project = useProject()
  const [state, setState] = useAddress('state')
  const [chosen, setChosen] = useAddress('trials')
  const [marked, mark] = useState<string[]>([])
  const numbers = readNumbers(chosen)
  const all = trialsOf(sweep)
  const rows = all.filter((trial) => (brief || !state || trial.state === state) && (numbers.size === 0 || numbers.has(trial.number)))
  const compare = compareAt(project, experiment, all.filter((trial) => marked.includes(String(trial.number))))
  const tools = (
    <>
      <Select value={state} onChange={setState} aria-label={t('field.status')} style={{ width: 140 }}
        options={[{ value: '', label: t('jobs.anyPhase') }, ...Object.entries(STATES).map(([value, { word }]) => ({ value, label: t(word) }))]} />
      {numbers.size > 0 && <Button onClick={() => setChosen('')}>{t('sweeps.showAll', { count: numbers.size })}</Button>}
      {compare && <Link to={compare}><Button type="primary">{t('experiments.compareSome', { count: marked.length })}</Button></Link>}
    </>
  )
  return (
    <DataTable rows={rows} columns={columns(t, sweep, project, experiment)} rowKey={(trial) => String(trial.number)} order="number" prefix={brief ? 'chosen.' : ''}
      {...(!brief && { tools: all.length > 0 && tools, text: textOf(t), selection: { chosen: marked, choose: mark, most: COMPARED } })}
      empty={<Empty title={all.length ? t('sweeps.noneOfState') : t('sweeps.noTrials')} {...(all.length === 0 && { hint: t('sweeps.noTrialsHint') })} />} />
  )
}

const textOf = (t: ReturnType<typeof useText>) => (trial: Trial) =>
  `${trial.number} ${trial.job} ${t(STATES[trial.state].word)} ${trial.reason ?? ''} ${Object.entries(trial.parameters).map(([name, value]) => `${name}=${value}`).join(' ')}`

/** Numbers sort as numbers. */
const comparable = (text: string | undefined): string | number | undefined => (text === undefined || text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text))

function columns(t: ReturnType<typeof useText>, sweep: Sweep, project: string, experiment: string | undefined): Column<Trial>[] {
  const best = sweep.status?.best?.number ?? ranked(trialsOf(sweep), goalOf(sweep))[0]?.number
  return [
    { key: 'number', title: t('sweeps.number'), align: 'right', sort: (trial) => trial.number, cell: (trial) => number(trial.number, 0) },
    { key: 'state', title: t('field.status'), sort: (trial) => trial.state, cell: (trial) => <Status tone={STATES[trial.state].tone} label={t(STATES[trial.state].word)} busy={trial.state === 'Running'} /> },
    {
      key: 'value', title: sweep.spec.objective.metric, align: 'right', sort: (trial) => trial.value,
      cell: (trial) => hasValue(trial)
        ? <span className={trial.number === best ? 'strong' : ''}>{trial.number === best && <span className="tag tone-success" style={{ marginRight: 6 }}>{t('sweeps.best')}</span>}{metric(trial.value)}</span>
        : <span className="muted">—</span>,
    },
    ...sweep.spec.parameters.map(({ name }): Column<Trial> => ({
      key: `p-${name}`.replaceAll('.', '-'), title: name, align: 'right', sort: (trial) => comparable(trial.parameters[name]), cell: (trial) => <span className="mono">{trial.parameters[name] ?? '—'}</span>,
    })),
    { key: 'why', title: t('condition.why'), cell: (trial) => (trial.reason ? <div className="wraps muted small">{trial.reason}</div> : <span className="muted">—</span>) },
    {
      key: 'go', title: '', align: 'right',
      cell: (trial) => (
        <span className="cell-actions">
          <Link to={at(project, 'jobs', trial.job)}>{t('queues.job')}</Link>
          {experiment && trial.runId && <Link to={at(project, 'experiments', experiment, 'runs', trial.runId)}>{t('jobs.run')}</Link>}
        </span>
      ),
    },
  ]
}
