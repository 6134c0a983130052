import { Tabs } from 'antd'
import { Link, useNavigate } from 'react-router'
import { useCan } from '../../api/access'
import type { Dataset } from '../../api/generated'
import { CREATED_BY, DATASETS, TRAINING_JOBS } from '../../api/kinds'
import { remove } from '../../api/kube'
import { useList, useOne } from '../../api/useKube'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { Danger } from '../../components/Danger'
import { Facts } from '../../components/Facts'
import { Lineage } from '../../components/Lineage'
import { PageHead } from '../../components/PageHead'
import { Failure, Loading } from '../../components/States'
import { Status } from '../../components/Status'
import { Yaml } from '../../components/Yaml'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { Conditions } from '../../objects/Conditions'
import { Changes } from '../../objects/Changes'
import { Events } from '../../objects/Events'
import { Gone } from '../../objects/Gone'
import { readiness } from '../../objects/readiness'
import { useTab } from '../../objects/useTab'
import { Compare } from './Compare'
import { Files } from './Files'
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
          {mayDelete && <Danger label={t('action.delete')} question={t('datasets.deleteAsk', { name })} consequence={t('datasets.deleteWhat')}
            act={async () => { await remove(DATASETS, project, name); void navigate(at(project, 'datasets')) }} />}
          {mayUpload && <Upload project={project} dataset={name} />}
        </>} />
      <Readers project={project} dataset={data} />
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

/** Which jobs read it: the newest few. */
function Readers({ project, dataset }: { project: string; dataset: Dataset }) {
  const t = useText()
  const { name } = dataset.metadata
  const jobs = useList(TRAINING_JOBS, { namespace: project, live: 10_000 })
  const readers = (jobs.data ?? [])
    .filter((job) => (job.status?.datasets ?? job.spec.datasets ?? []).some((one) => one.name === name))
    .toSorted((a, b) => (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? ''))
  const steps = readers.slice(0, SHOWN).map(({ metadata }) => ({ label: metadata.name, to: at(project, 'jobs', metadata.name) }))
  if (readers.length > SHOWN) steps.push({ label: t('datasets.more', { count: readers.length - SHOWN }), to: at(project, 'jobs') })
  return <Lineage steps={[[{ label: name, here: true }], steps.length ? steps : [{ label: t('datasets.notRead'), none: true }]]} />
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
          [t('field.createdBy'), metadata.annotations?.[CREATED_BY]],
          [t('field.created'), <Ago key="created" time={metadata.creationTimestamp} />],
          [t('datasets.use'), <Link key="use" to={`${at(project, 'jobs', 'new')}?dataset=${encodeURIComponent(metadata.name)}`}>{t('datasets.train')}</Link>],
        ]} />
      </Card>
      <Card className="span-12" title={t('condition.title')}><Conditions of={status?.conditions} /></Card>
    </div>
  )
}
