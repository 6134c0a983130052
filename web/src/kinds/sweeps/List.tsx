import { Button, Select } from 'antd'
import { Link } from 'react-router'
import { useCan } from '../../api/access'
import type { Sweep } from '../../api/generated'
import { CREATED_BY, SWEEPS } from '../../api/kinds'
import { useList } from '../../api/useKube'
import { useAddress } from '../../components/address'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { PageHead } from '../../components/PageHead'
import { Empty } from '../../components/States'
import { UsageBar } from '../../components/UsageBar'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { metric } from '../../i18n/format'
import { JobStatus } from '../jobs/JobStatus'
import { PHASES, phaseOf, type Phase } from '../jobs/phase'
import { maxTrials } from './series'

const byOf = (sweep: Sweep) => sweep.metadata.annotations?.[CREATED_BY]

/** Searches over a job's parameters. */
export function SweepList() {
  const t = useText()
  const project = useProject()
  const sweeps = useList(SWEEPS, { namespace: project })
  const mayCreate = useCan('create', SWEEPS, project)
  const [phase, setPhase] = useAddress('phase')
  const rows = sweeps.data?.filter((sweep) => !phase || phaseOf(sweep) === phase)
  const running = sweeps.data?.filter((sweep) => phaseOf(sweep) === 'Running').length ?? 0
  const create = mayCreate && <Link to={at(project, 'sweeps', 'new')}><Button type="primary">{t('sweeps.new')}</Button></Link>
  return (
    <>
      <PageHead title={t('nav.sweeps')} facts={sweeps.data ? [t('sweeps.count', { count: sweeps.data.length }), t('sweeps.runningCount', { count: running })] : []} actions={create} />
      <Card>
        <DataTable
          rows={rows} error={sweeps.error} retry={sweeps.refetch} columns={columns(t, project)} rowKey={(sweep) => sweep.metadata.name} order="created.desc"
          text={(sweep) => `${sweep.metadata.name} ${sweep.spec.objective.metric} ${t(PHASES[phaseOf(sweep)].word)} ${byOf(sweep) ?? ''}`}
          tools={sweeps.data && sweeps.data.length > 0 && (
            <Select value={phase} onChange={setPhase} aria-label={t('field.status')} style={{ width: 140 }}
              options={[{ value: '', label: t('jobs.anyPhase') }, ...(Object.keys(PHASES) as Phase[]).map((one) => ({ value: one, label: t(PHASES[one].word) }))]} />
          )}
          empty={phase ? <Empty title={t('sweeps.nonePhase')} /> : <Empty title={t('sweeps.none')} hint={t('sweeps.noneHint')} action={create} />}
        />
      </Card>
    </>
  )
}

function columns(t: ReturnType<typeof useText>, project: string): Column<Sweep>[] {
  return [
    { key: 'name', title: t('field.name'), sort: (sweep) => sweep.metadata.name, cell: (sweep) => <Link className="strong" to={at(project, 'sweeps', sweep.metadata.name)}>{sweep.metadata.name}</Link> },
    { key: 'status', title: t('field.status'), sort: phaseOf, cell: (sweep) => <JobStatus job={sweep} why /> },
    { key: 'trials', title: t('sweeps.trials'), width: '16%', sort: (sweep) => sweep.status?.finished, cell: (sweep) => <Ended sweep={sweep} /> },
    { key: 'best', title: t('sweeps.best'), align: 'right', sort: (sweep) => sweep.status?.best?.value, cell: (sweep) => <span className="strong">{metric(sweep.status?.best?.value)}</span> },
    { key: 'metric', title: t('sweeps.metric'), from: 'md', sort: (sweep) => sweep.spec.objective.metric, cell: (sweep) => <span className="mono">{sweep.spec.objective.metric}</span> },
    { key: 'by', title: t('field.createdBy'), from: 'lg', sort: byOf, cell: (sweep) => byOf(sweep) ?? '—' },
    { key: 'created', title: t('field.created'), sort: (sweep) => sweep.metadata.creationTimestamp, cell: (sweep) => <Ago time={sweep.metadata.creationTimestamp} /> },
  ]
}

function Ended({ sweep }: { sweep: Sweep }) {
  const t = useText()
  const ended = sweep.status?.finished ?? 0
  return (
    <div>
      <UsageBar ratio={ended / maxTrials(sweep)} label={t('sweeps.trials')} />
      <span className="muted small numbers">{ended} / {maxTrials(sweep)}</span>
    </div>
  )
}
