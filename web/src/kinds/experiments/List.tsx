import { Link } from 'react-router'
import { useExperiments, useRuns, type Experiment, type Run } from '../../api/mlflow'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { PageHead } from '../../components/PageHead'
import { Empty } from '../../components/States'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { number } from '../../i18n/format'

export function ExperimentList() {
  const t = useText()
  const project = useProject()
  const experiments = useExperiments(project)
  const runs = useRuns(project, experiments.data?.map((one) => one.experiment_id))
  const of = (one: Experiment): Run[] => runs.data?.filter((run) => run.info.experiment_id === one.experiment_id) ?? []
  const newest = (one: Experiment) => Number(of(one)[0]?.info.start_time ?? one.last_update_time ?? 0) || undefined
  const rows = experiments.data?.filter((one) => one.name !== 'Default' || of(one).length > 0)
  const columns: Column<Experiment>[] = [
    { key: 'name', title: t('field.name'), sort: (one) => one.name, cell: (one) => <Link className="strong" to={at(project, 'experiments', one.experiment_id)}>{one.name}</Link> },
    { key: 'runs', title: t('experiments.runs'), align: 'right', sort: (one) => of(one).length, cell: (one) => number(of(one).length, 0) },
    { key: 'running', title: t('phase.Running'), align: 'right', cell: (one) => number(of(one).filter((run) => run.info.status === 'RUNNING').length, 0) },
    { key: 'newest', title: t('experiments.newest'), sort: newest, cell: (one) => <Ago time={newest(one)} /> },
  ]
  return (
    <>
      <PageHead title={t('nav.experiments')} facts={rows ? [t('experiments.count', { count: rows.length })] : []} />
      <Card>
        <DataTable rows={rows} error={experiments.error} retry={experiments.refetch} columns={columns} rowKey={(one) => one.experiment_id} text={(one) => one.name}
          order="newest.desc" empty={<Empty title={t('experiments.none')} hint={t('experiments.noneHint')} />} />
      </Card>
    </>
  )
}
