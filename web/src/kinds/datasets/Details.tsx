import { Link, useNavigate } from 'react-router'
import { useCan } from '../../api/access'
import type { Dataset } from '../../api/generated'
import { CREATED_BY, DATASETS, LABELING_PROJECTS, TRAINING_JOBS } from '../../api/kinds'
import { remove } from '../../api/kube'
import { useList, useOne } from '../../api/useKube'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { Danger } from '../../components/Danger'
import { Facts } from '../../components/Facts'
import { Lineage, type Step } from '../../components/Lineage'
import { PageHead } from '../../components/PageHead'
import { Failure, Loading } from '../../components/States'
import { Status } from '../../components/Status'
import { Tabs } from '../../components/Tabs'
import { Yaml } from '../../components/Yaml'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { Conditions } from '../../objects/Conditions'
import { Changes } from '../../objects/Changes'
import { Consequences } from '../../objects/Consequences'
import { Events } from '../../objects/Events'
import { Gone } from '../../objects/Gone'
import { readiness } from '../../objects/readiness'
import { Sharing } from '../../objects/Sharing'
import { useTab } from '../../objects/useTab'
import { datasetOf } from '../labeling/answer'
import { Compare } from './Compare'
import { Files } from './Files'
import { ImportVersion } from './Import'
import { originName, originPath } from './origin'
import { Retention } from './Retention'
import { Upload } from './Upload'
import { Versions } from './Versions'

export function DatasetDetails() {
  const t = useText()
  const project = useProject()
  const navigate = useNavigate()
  const { name, tab, open } = useTab('datasets')
  const { data, error, missing, refetch } = useOne(DATASETS, project, name)
  const mayDelete = useCan('delete', DATASETS, project)
  const mayUpload = useCan('update', DATASETS, project)
  if (missing) return <Gone name={name} back={at(project, 'datasets')} label={t('nav.datasets')} />
  if (!data) return error ? <Failure error={error} retry={refetch} /> : <Loading rows={8} />
  const state = readiness(data.status?.conditions)
  return (
    <>
      <PageHead title={name} status={<Status tag tone={state.tone} label={t(state.word)} />} facts={[data.status?.latest, data.spec.description]}
        actions={<>
          {mayDelete && <Danger label={t('action.delete')} question={t('datasets.deleteAsk', { name })} consequence={<Consequences kind="Dataset" />}
            act={async () => { await remove(DATASETS, project, name); void navigate(at(project, 'datasets')) }} />}
          {mayUpload && <Sharing kind={DATASETS} of={data} project={project} title={t('datasets.shareWith')} hint={t('datasets.shareHint')} />}
          {mayUpload && <ImportVersion project={project} dataset={name} />}
          {mayUpload && <Upload project={project} dataset={name} />}
        </>} />
      <Around project={project} dataset={data} />
      <Tabs activeKey={tab} onChange={open} destroyOnHidden items={[
        { key: 'overview', label: t('datasets.versions'), children: <Overview dataset={data} project={project} /> },
        { key: 'files', label: t('files.title'), children: <Files dataset={data} project={project} /> },
        { key: 'compare', label: t('diff.title'), children: <Compare dataset={data} project={project} /> },
        { key: 'retention', label: t('retention.title'), children: <Retention dataset={data} project={project} /> },
        { key: 'events', label: t('tab.events'), children: <Card><Events project={project} name={name} pods={[]} /></Card> },
        { key: 'changes', label: t('tab.changes'), children: <Card><Changes project={project} resource="datasets" name={name} /></Card> },
        { key: 'yaml', label: t('tab.yaml'), children: <Yaml of={data} /> },
      ]} />
    </>
  )
}

const SHOWN = 4

/** What made its newest versions, and what reads it: the newest few of each. */
function Around({ project, dataset }: { project: string; dataset: Dataset }) {
  const t = useText()
  const { name } = dataset.metadata
  const jobs = useList(TRAINING_JOBS, { namespace: project, live: 10_000 })
  const works = useList(LABELING_PROJECTS, { namespace: project, live: 10_000 })
  const makers = new Map((dataset.status?.versions ?? []).flatMap(({ origin }) => (origin ? [[`${origin.kind}/${origin.name}`, origin] as const] : [])))
  const readers = [
    ...(works.data ?? []).filter(({ spec }) => datasetOf(spec.dataset) === name).map(({ metadata }) => ({ metadata, page: 'labeling' })),
    ...(jobs.data ?? []).filter((job) => (job.status?.datasets ?? job.spec.datasets ?? []).some((one) => one.name === name)).map(({ metadata }) => ({ metadata, page: 'jobs' })),
  ].toSorted((a, b) => (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? ''))
  const few = (steps: Step[], to?: string): Step[] => {
    const more = steps.length - SHOWN
    return more > 0 ? [...steps.slice(0, SHOWN), { label: t('datasets.more', { count: more }), ...(to && { to }) }] : steps
  }
  const made = few([...makers.values()].map((origin) => ({ label: originName(origin), ...originPath(project, origin) })))
  const read = few(readers.map(({ metadata, page }) => ({ label: metadata.name, to: at(project, page, metadata.name) })), at(project, 'jobs'))
  return <Lineage steps={[made, [{ label: name, here: true }], read.length ? read : [{ label: t('datasets.notRead'), none: true }]]} />
}

function Overview({ dataset, project }: { dataset: Dataset; project: string }) {
  const t = useText()
  const { metadata, spec, status } = dataset
  return (
    <div className="grid">
      <Card className="span-8" title={t('datasets.versions')}><Versions dataset={dataset} project={project} /></Card>
      <Card className="span-4" title={t('jobs.about')}>
        <Facts of={[
          [t('field.description'), spec.description],
          [t('datasets.tags'), spec.tags?.length ? spec.tags.map((tag) => <span className="tag" key={tag} style={{ marginRight: 6 }}>{tag}</span>) : ''],
          [t('datasets.latest'), status?.latest],
          [t('datasets.sharedWith'), spec.sharedWith?.join(', ')],
          [t('field.createdBy'), metadata.annotations?.[CREATED_BY]],
          [t('field.created'), <Ago key="created" time={metadata.creationTimestamp} />],
          [t('datasets.use'), <Link key="use" to={`${at(project, 'jobs', 'new')}?dataset=${encodeURIComponent(metadata.name)}`}>{t('datasets.train')}</Link>],
        ]} />
      </Card>
      <Card className="span-12" title={t('condition.title')}><Conditions of={status?.conditions} /></Card>
    </div>
  )
}
