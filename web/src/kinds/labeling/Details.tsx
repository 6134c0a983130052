import { useNavigate } from 'react-router'
import { useCan } from '../../api/access'
import { DATASETS, LABELING_PROJECTS } from '../../api/kinds'
import { remove } from '../../api/kube'
import { useOne } from '../../api/useKube'
import { Card } from '../../components/Card'
import { Danger } from '../../components/Danger'
import { Lineage } from '../../components/Lineage'
import { Notice } from '../../components/Notice'
import { PageHead } from '../../components/PageHead'
import { Failure, Loading } from '../../components/States'
import { Status } from '../../components/Status'
import { Tabs } from '../../components/Tabs'
import { Yaml } from '../../components/Yaml'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { Changes } from '../../objects/Changes'
import { Consequences } from '../../objects/Consequences'
import { Events } from '../../objects/Events'
import { Gone } from '../../objects/Gone'
import { readiness } from '../../objects/readiness'
import { reasonWords } from '../../objects/reasons'
import { useTab } from '../../objects/useTab'
import { useMade } from '../datasets/origin'
import { datasetOf } from './answer'
import { Assign } from './Assign'
import { ImportTasks } from './Import'
import { Overview } from './Overview'
import { Publish } from './Publish'
import { Review } from './Review'
import { Work } from './Work'
import { KIND } from './words'

/** One labelling project: how far it is, and the place to work. */
export function LabelingDetails() {
  const t = useText()
  const project = useProject()
  const navigate = useNavigate()
  const { name, tab, open } = useTab('labeling')
  const { data: work, error, missing, refetch } = useOne(LABELING_PROJECTS, project, name)
  const mayDelete = useCan('delete', LABELING_PROJECTS, project)
  const mayManage = useCan('update', LABELING_PROJECTS, project)
  const seesData = useCan('get', DATASETS, project)
  const made = useMade(project, LABELING_PROJECTS.kind, name)
  if (missing) return <Gone name={name} back={at(project, 'labeling')} label={t('nav.labeling')} />
  if (!work) return error ? <Failure error={error} retry={refetch} /> : <Loading rows={8} />
  const state = readiness(work.status?.conditions)
  const dataset = work.status?.dataset ?? work.spec.dataset
  const isReady = work.status?.dataset !== undefined
  return (
    <>
      <PageHead title={name} status={<Status tag tone={state.tone} label={t(state.word)} busy={state.busy} />} facts={[t(KIND[work.spec.config.kind]), work.spec.description]}
        actions={<>
          {mayDelete && <Danger label={t('action.delete')} question={t('labeling.deleteAsk', { name })} consequence={<Consequences kind="LabelingProject" />}
            act={async () => { await remove(LABELING_PROJECTS, project, name); void navigate(at(project, 'labeling')) }} />}
          {isReady && mayManage && <Assign project={project} work={name} />}
          {isReady && mayManage && <ImportTasks project={project} work={name} kind={work.spec.config.kind} />}
          {isReady && <Publish project={project} work={name} kind={work.spec.config.kind} />}
        </>} />
      <Lineage steps={[[{ label: dataset, ...(seesData && { to: at(project, 'datasets', datasetOf(dataset)) }) }], [{ label: name, here: true }], made]} />
      {state.tone === 'error' && <div className="notices"><Notice tone="error" title={reasonWords(t, state.reason)}><p className="anywhere pre">{state.message}</p></Notice></div>}
      <Tabs activeKey={!isReady && (tab === 'work' || tab === 'review') ? 'overview' : tab} onChange={open} destroyOnHidden items={[
        { key: 'overview', label: t('tab.overview'), children: <Overview project={project} work={work} /> },
        ...(isReady ? [
          { key: 'work', label: t('labeling.work'), children: <Work project={project} work={work} /> },
          ...(work.spec.policy?.review ? [{ key: 'review', label: t('labeling.reviewTab'), children: <Review project={project} work={work} /> }] : []),
        ] : []),
        { key: 'events', label: t('tab.events'), children: <Card><Events project={project} name={name} pods={[]} /></Card> },
        { key: 'changes', label: t('tab.changes'), children: <Card><Changes project={project} resource="labelingprojects" name={name} /></Card> },
        { key: 'yaml', label: t('tab.yaml'), children: <Yaml of={work} /> },
      ]} />
    </>
  )
}
