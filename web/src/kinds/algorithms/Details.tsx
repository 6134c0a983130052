import { Button } from 'antd'
import { Link, useNavigate } from 'react-router'
import { useCan } from '../../api/access'
import { ALGORITHMS, TRAINING_JOBS } from '../../api/kinds'
import { remove } from '../../api/kube'
import { useList, useOne } from '../../api/useKube'
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
import { useLanguage, useText } from '../../i18n'
import { Changes } from '../../objects/Changes'
import { Consequences } from '../../objects/Consequences'
import { Events } from '../../objects/Events'
import { Gone } from '../../objects/Gone'
import { readiness } from '../../objects/readiness'
import { reasonWords } from '../../objects/reasons'
import { Sharing } from '../../objects/Sharing'
import { useTab } from '../../objects/useTab'
import { CodeView } from './CodeView'
import { Compare } from './Compare'
import { trainWith } from './links'
import { Overview } from './Overview'
import { ParameterTable } from './ParameterTable'
import { VersionTable } from './VersionTable'
import { useVersions, wordsOf } from './versions'

/** One algorithm: what it takes, what it runs, and what became of it. */
export function AlgorithmDetails() {
  const t = useText()
  const { language } = useLanguage()
  const project = useProject()
  const navigate = useNavigate()
  const { name, tab, open } = useTab('algorithms')
  const { data: algorithm, error, missing, refetch } = useOne(ALGORITHMS, project, name)
  const versions = useVersions(project, algorithm)
  const all = useList(TRAINING_JOBS, { namespace: project })
  const mayPatch = useCan('patch', ALGORITHMS, project)
  const mayDelete = useCan('delete', ALGORITHMS, project)
  if (missing) return <Gone name={name} back={at(project, 'algorithms')} label={t('nav.algorithms')} />
  if (!algorithm) return error ? <Failure error={error} retry={refetch} /> : <Loading rows={8} />
  const state = readiness(algorithm.status?.conditions)
  const { title, description } = wordsOf(algorithm, language)
  const jobs = (all.data ?? []).filter(({ spec }) => spec.algorithm?.name === name)
  const models = [...new Set(jobs.flatMap(({ status }) => (status?.models ?? []).map((model) => model.name)))]
  const latest = algorithm.status?.latest
  return (
    <>
      <PageHead title={name} status={<Status tag tone={state.tone} label={t(state.word)} busy={state.busy} />} facts={[title !== name && title, latest && <span key="latest" className="mono">{latest}</span>]}
        actions={<>
          {mayDelete && <Danger label={t('action.delete')} question={t('algorithms.deleteAsk', { name })} consequence={<Consequences kind="Algorithm" />}
            act={async () => { await remove(ALGORITHMS, project, name); void navigate(at(project, 'algorithms')) }} />}
          {mayPatch && <Sharing kind={ALGORITHMS} of={algorithm} project={project} title={t('algorithms.shareWith')} hint={t('algorithms.shareHint')} />}
          {mayPatch && <Link to={at(project, 'algorithms', name, 'edit')}><Button>{t('algorithms.edit')}</Button></Link>}
          {latest && <Link to={trainWith(project, name)}><Button type="primary">{t('algorithms.run')}</Button></Link>}
        </>} />
      <Lineage steps={[
        [{ label: latest ? `${name}@${latest}` : name, here: true }],
        jobs.length > 0 ? [{ label: t('jobs.count', { count: jobs.length }), to: at(project, 'jobs') }] : [{ label: t('algorithms.noJobs'), none: true }],
        models.slice(0, 3).map((model) => ({ label: `models:/${model}`, to: at(project, 'models', model) })),
      ]} />
      {state.tone === 'error' && <div className="notices"><Notice tone="error" title={reasonWords(t, state.reason)}><p className="anywhere pre">{state.message}</p></Notice></div>}
      <Tabs activeKey={tab} onChange={open} destroyOnHidden items={[
        { key: 'overview', label: t('tab.overview'), children: <Overview algorithm={algorithm} description={description} project={project} jobs={jobs} /> },
        { key: 'parameters', label: t('jobs.parameters'), children: <Card><ParameterTable schema={algorithm.spec.parameters} /></Card> },
        { key: 'versions', label: t('algorithms.versions'), children: <VersionTable algorithm={algorithm} project={project} versions={versions} /> },
        { key: 'code', label: t('algorithms.code'), children: <CodeView project={project} versions={versions.data} /> },
        { key: 'compare', label: t('algorithms.compare'), children: <Compare project={project} versions={versions.data} /> },
        { key: 'events', label: t('tab.events'), children: <Card><Events project={project} name={name} pods={[]} /></Card> },
        { key: 'changes', label: t('tab.changes'), children: <Card><Changes project={project} resource="algorithms" name={name} /></Card> },
        { key: 'yaml', label: t('tab.yaml'), children: <Yaml of={algorithm} /> },
      ]} />
    </>
  )
}
