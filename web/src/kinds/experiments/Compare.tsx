import { useQueries } from '@tanstack/react-query'
import { Link, useParams, useSearchParams } from 'react-router'
import { query as queryString, request } from '../../api/http'
import { useRuns, type Run, type RunMetric } from '../../api/mlflow'
import { Card } from '../../components/Card'
import { Chart } from '../../components/Chart'
import { DataTable, type Column } from '../../components/DataTable'
import { PageHead } from '../../components/PageHead'
import { Await, Empty } from '../../components/States'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { metric } from '../../i18n/format'
import { pointsOf } from '../../objects/MetricCurves'
import { keysOf, metricOf, paramOf, runName } from './runs'

const CURVES = 6

/** What differs between runs: values in a table, curves on one scale. */
export function RunCompare() {
  const t = useText()
  const project = useProject()
  const { id = '' } = useParams()
  const [search] = useSearchParams()
  const wanted = (search.get('runs') ?? '').split(',').filter(Boolean)
  const runs = useRuns(project, [id])
  return (
    <>
      <PageHead title={t('experiments.compareSome', { count: wanted.length })} crumb={<Link to={at(project, 'experiments', id)}>{t('experiments.runs')}</Link>} />
      <Await of={runs}>
        {(all) => {
          const chosen = wanted.flatMap((one) => all.filter((run) => run.info.run_id === one))
          return chosen.length < 2
            ? <Empty title={t('experiments.chooseTwo')} action={<Link to={at(project, 'experiments', id)}>{t('experiments.runs')}</Link>} />
            : <Comparison project={project} experiment={id} runs={chosen} />
        }}
      </Await>
    </>
  )
}

interface Row {
  key: string
  group: string
  values: string[]
  differs: boolean
}

function Comparison({ project, experiment, runs }: { project: string; experiment: string; runs: Run[] }) {
  const t = useText()
  const row = (group: string, key: string, values: string[]): Row => ({ key, group, values, differs: new Set(values).size > 1 })
  const metrics = keysOf(runs, 'metrics')
  const rows = [
    ...metrics.map((key) => row(t('tab.metrics'), key, runs.map((run) => metric(metricOf(run, key))))),
    ...keysOf(runs, 'params').map((key) => row(t('jobs.parameters'), key, runs.map((run) => paramOf(run, key) ?? '—'))),
  ]
  const columns: Column<Row>[] = [
    { key: 'group', title: t('experiments.group'), sort: (one) => one.group, cell: (one) => <span className="muted">{one.group}</span> },
    { key: 'key', title: t('field.name'), sort: (one) => one.key, cell: (one) => <span className={one.differs ? 'strong' : ''}>{one.key}</span> },
    ...runs.map((run, index): Column<Row> => ({
      key: run.info.run_id, title: runName(run), align: 'right',
      cell: (one) => <span className={`mono ${one.differs ? 'strong' : 'muted'}`}>{one.values[index]}</span>,
    })),
  ]
  return (
    <div className="grid">
      <Card className="span-12" title={t('experiments.values')} extra={runs.map((run) => <Link key={run.info.run_id} to={at(project, 'experiments', experiment, 'runs', run.info.run_id)}>{runName(run)}</Link>)}>
        <DataTable rows={rows} columns={columns} rowKey={(one) => one.group + one.key} text={(one) => one.key} empty={<Empty title={t('curves.none')} />} />
      </Card>
      {metrics.slice(0, CURVES).map((key) => <Overlay key={key} project={project} name={key} runs={runs} />)}
    </div>
  )
}

function Overlay({ project, name, runs }: { project: string; name: string; runs: Run[] }) {
  const t = useText()
  const histories = useQueries({
    queries: runs.map((run) => ({
      queryKey: ['mlflow', project, 'history', run.info.run_id, name],
      queryFn: async () => (await request<{ metrics?: RunMetric[] }>(
        `/mlflow/p/${encodeURIComponent(project)}/api/2.0/mlflow/metrics/get-history${queryString({ run_id: run.info.run_id, metric_key: name, max_results: 5000 })}`,
      )).metrics ?? [],
    })),
  })
  const lines = runs.map((run, index) => ({ name: runName(run), points: pointsOf(histories[index]?.data ?? []) }))
  if (lines.every((line) => line.points.length < 2)) return null
  return (
    <Card className="span-6" title={name} extra={t('curves.steps')}>
      <Chart label={t('curves.label', { name })} over="step" zero={false} format={metric} lines={lines} />
    </Card>
  )
}
