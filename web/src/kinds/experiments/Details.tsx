import { Button } from 'antd'
import { useState } from 'react'
import { Link, useParams } from 'react-router'
import { useExperiments, useRuns, type Run } from '../../api/mlflow'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { PageHead } from '../../components/PageHead'
import { Empty } from '../../components/States'
import { Status } from '../../components/Status'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { duration, metric } from '../../i18n/format'
import { keysOf, metricOf, paramOf, runName, runState, seconds } from './runs'

const METRICS = 4
const PARAMS = 4

/** The runs of an experiment, side by side. */
export function ExperimentDetails() {
  const t = useText()
  const project = useProject()
  const { id = '' } = useParams()
  const experiments = useExperiments(project)
  const runs = useRuns(project, [id])
  const [chosen, choose] = useState<string[]>([])
  const name = experiments.data?.find((one) => one.experiment_id === id)?.name ?? id
  const known = runs.data ?? []
  const columns: Column<Run>[] = [
    { key: 'name', title: t('jobs.run'), sort: runName, cell: (run) => <Link className="strong" to={at(project, 'experiments', id, 'runs', run.info.run_id)}>{runName(run)}</Link> },
    { key: 'status', title: t('field.status'), sort: (run) => run.info.status, cell: (run) => { const state = runState(run); return <Status tone={state.tone} label={t(state.word)} busy={run.info.status === 'RUNNING'} /> } },
    ...keysOf(known, 'metrics').slice(0, METRICS).map((key): Column<Run> => ({ key: `m.${key}`.replaceAll('.', '-'), title: key, align: 'right', sort: (run) => metricOf(run, key), cell: (run) => metric(metricOf(run, key)) })),
    ...keysOf(known, 'params').slice(0, PARAMS).map((key): Column<Run> => ({ key: `p.${key}`.replaceAll('.', '-'), title: key, align: 'right', from: 'md', sort: (run) => paramOf(run, key), cell: (run) => <span className="mono">{paramOf(run, key) ?? '—'}</span> })),
    { key: 'took', title: t('jobs.took'), align: 'right', sort: seconds, cell: (run) => duration(seconds(run)) },
    { key: 'start', title: t('experiments.started'), sort: (run) => Number(run.info.start_time), cell: (run) => <Ago time={Number(run.info.start_time) || undefined} /> },
  ]
  const compare = `${at(project, 'experiments', id, 'compare')}?runs=${chosen.join(',')}`
  return (
    <>
      <PageHead title={name} crumb={<Link to={at(project, 'experiments')}>{t('nav.experiments')}</Link>} facts={runs.data ? [t('experiments.runCount', { count: runs.data.length })] : []}
        actions={chosen.length > 1
          ? <Link to={compare}><Button type="primary">{t('experiments.compareSome', { count: chosen.length })}</Button></Link>
          : <Button disabled>{t('experiments.compare')}</Button>} />
      <Card>
        <DataTable rows={runs.data} error={runs.error} retry={runs.refetch} columns={columns} rowKey={(run) => run.info.run_id} order="start.desc"
          text={(run) => `${runName(run)} ${run.info.user_id ?? ''} ${run.data.params?.map((one) => `${one.key}=${one.value}`).join(' ') ?? ''}`}
          selection={{ chosen, choose }} empty={<Empty title={t('experiments.noRuns')} hint={t('experiments.noneHint')} />} />
      </Card>
    </>
  )
}
