import { Link, useParams } from 'react-router'
import { TRAINING_JOBS } from '../../api/kinds'
import { useRun, useVersions, type KeyValue } from '../../api/mlflow'
import { useList } from '../../api/useKube'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { CopyButton } from '../../components/Code'
import { Facts } from '../../components/Facts'
import { Lineage } from '../../components/Lineage'
import { PageHead } from '../../components/PageHead'
import { Failure, Loading } from '../../components/States'
import { Status } from '../../components/Status'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { duration, metric } from '../../i18n/format'
import { MetricCurves } from '../../objects/MetricCurves'
import { runName, runState, seconds } from './runs'

/** One run: what went in, what came out, what it belongs to. */
export function RunDetails() {
  const t = useText()
  const project = useProject()
  const { id = '', run: runId = '' } = useParams()
  const run = useRun(project, runId, true)
  const jobs = useList(TRAINING_JOBS, { namespace: project, live: 10_000 })
  const versions = useVersions(project)
  if (!run.data) return run.error ? <Failure error={run.error} retry={run.refetch} /> : <Loading rows={8} />
  const { info, data } = run.data
  const state = runState(run.data)
  const job = jobs.data?.find((one) => one.status?.runId === runId)
  const made = versions.data?.filter((one) => one.run_id === runId) ?? []
  const facts = (pairs: KeyValue[] | undefined): [string, React.ReactNode][] => (pairs ?? []).map(({ key, value }) => [key, <span key={key} className="mono">{value.slice(0, 200)}</span>])
  return (
    <>
      <PageHead title={runName(run.data)} crumb={<Link to={at(project, 'experiments', id)}>{t('experiments.runs')}</Link>}
        status={<Status tag tone={state.tone} label={t(state.word)} />} facts={[duration(seconds(run.data)), info.user_id]} />
      <Lineage steps={[
        (job?.status?.datasets ?? []).map(({ name, version }) => ({ label: `${name} @ ${version}`, to: at(project, 'datasets', name) })),
        job ? [{ label: job.metadata.name, to: at(project, 'jobs', job.metadata.name) }] : [],
        [{ label: runName(run.data), here: true }],
        made.length ? made.map(({ name, version }) => ({ label: `models:/${name}/${version}`, to: at(project, 'models', name) })) : [{ label: t('lineage.noModel'), none: true }],
      ]} />
      <div className="grid">
        <MetricCurves project={project} run={run} live={info.status === 'RUNNING'} />
        <Card className="span-4" title={t('jobs.parameters')}>{data.params?.length ? <Facts right of={facts(data.params)} /> : <p className="muted">{t('jobs.noParameters')}</p>}</Card>
        <Card className="span-4" title={t('jobs.results')}>{data.metrics?.length ? <Facts right of={data.metrics.map((one) => [one.key, metric(one.value)])} /> : <p className="muted">{t('curves.none')}</p>}</Card>
        <Card className="span-4" title={t('jobs.about')}>
          <Facts of={[
            [t('runs.id'), <span key="id" className="row" style={{ gap: 2 }}><span className="mono truncate">{info.run_id}</span><CopyButton text={info.run_id} /></span>],
            [t('experiments.started'), <Ago key="start" time={Number(info.start_time) || undefined} />],
            ...facts(data.tags?.filter(({ key }) => !key.startsWith('mlflow.') || key === 'mlflow.source.name')),
          ]} />
        </Card>
      </div>
    </>
  )
}
