import { Button } from 'antd'
import { useNavigate } from 'react-router'
import { useCan } from '../../api/access'
import type { Notebook } from '../../api/generated'
import { NOTEBOOKS, TRAINING_JOBS } from '../../api/kinds'
import { merge, remove } from '../../api/kube'
import { useOne } from '../../api/useKube'
import { Card } from '../../components/Card'
import { Danger } from '../../components/Danger'
import { Notice } from '../../components/Notice'
import { PageHead } from '../../components/PageHead'
import { Failure, Loading } from '../../components/States'
import { Status } from '../../components/Status'
import { Tabs } from '../../components/Tabs'
import { useAct } from '../../components/useAct'
import { Yaml } from '../../components/Yaml'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { Changes } from '../../objects/Changes'
import { Consequences } from '../../objects/Consequences'
import { Events } from '../../objects/Events'
import { Gone } from '../../objects/Gone'
import { ObjectLogs } from '../../objects/ObjectLogs'
import { usePods } from '../../objects/pods'
import { readiness } from '../../objects/readiness'
import { reasonWords } from '../../objects/reasons'
import { Shell } from '../../objects/terminal/Shell'
import { useTab } from '../../objects/useTab'
import { OpenLab } from './OpenLab'
import { Overview } from './Overview'
import { RunAsJob } from './RunAsJob'
import { Use } from './Use'

/** One notebook: the way into it, what it does, and what it has. */
export function NotebookDetails() {
  const t = useText()
  const project = useProject()
  const { name, tab, open } = useTab('notebooks')
  const { data: notebook, error, missing, refetch } = useOne(NOTEBOOKS, project, name)
  const pods = usePods(project, NOTEBOOKS.kind, name)
  if (missing) return <Gone name={name} back={at(project, 'notebooks')} label={t('nav.notebooks')} />
  if (!notebook) return error ? <Failure error={error} retry={refetch} /> : <Loading rows={8} />
  const state = readiness(notebook.status?.conditions)
  const podNames = (pods.data ?? []).map((pod) => pod.metadata.name)
  const { kernels = 0, busyKernels = 0, asleep } = notebook.status ?? {}
  const runs = !asleep && !notebook.spec.stopped
  return (
    <>
      <PageHead title={name} status={<Status tag tone={state.tone} label={t(state.word)} busy={state.busy} />}
        facts={[kernels > 0 && t('notebook.kernelsOf', { running: kernels, busy: busyKernels })]} actions={<Actions notebook={notebook} project={project} isReady={runs && state.tone === 'success'} />} />
      {asleep && <div className="notices"><Notice tone="accent" title={t('ready.asleep')}>{t('notebook.asleepHint')}</Notice></div>}
      {state.tone !== 'success' && !asleep && state.reason && (
        <div className="notices"><Notice tone={state.tone} title={reasonWords(t, state.reason)}><p className="anywhere pre">{notebook.spec.stopped ? t('notebook.stoppedHint') : state.message}</p></Notice></div>
      )}
      <Tabs activeKey={tab} onChange={open} destroyOnHidden items={[
        { key: 'overview', label: t('tab.overview'), children: <Overview notebook={notebook} project={project} pods={pods} /> },
        { key: 'metrics', label: t('tab.metrics'), children: <Use project={project} name={name} /> },
        { key: 'logs', label: t('tab.logs'), children: <Card><ObjectLogs project={project} app={name} pods={podNames} from={notebook.metadata.creationTimestamp} running noPod={runs ? undefined : t('notebook.asleepLogs')} /></Card> },
        { key: 'terminal', label: t('tab.terminal'), children: <Card><Shell project={project} pods={pods.data ?? []} /></Card> },
        { key: 'events', label: t('tab.events'), children: <Card><Events project={project} name={name} pods={podNames} /></Card> },
        { key: 'changes', label: t('tab.changes'), children: <Card><Changes project={project} resource="notebooks" name={name} /></Card> },
        { key: 'yaml', label: t('tab.yaml'), children: <Yaml of={notebook} /> },
      ]} />
    </>
  )
}

function Actions({ notebook, project, isReady }: { notebook: Notebook; project: string; isReady: boolean }) {
  const t = useText()
  const navigate = useNavigate()
  const { busy, act } = useAct()
  const mayPatch = useCan('patch', NOTEBOOKS, project)
  const mayDelete = useCan('delete', NOTEBOOKS, project)
  const mayRun = useCan('create', TRAINING_JOBS, project)
  const { name } = notebook.metadata
  const stop = (stopped: boolean) => merge(NOTEBOOKS, project, name, { spec: { stopped } })
  return (
    <>
      {mayRun && isReady && <RunAsJob notebook={notebook} project={project} />}
      {mayPatch && notebook.spec.stopped && <Button type="primary" disabled={busy} onClick={() => void act(() => stop(false), t('notebook.started'))}>{t('notebook.start')}</Button>}
      {mayPatch && !notebook.spec.stopped && <Danger label={t('notebook.stop')} question={t('notebook.stopAsk', { name })} consequence={t('notebook.stopWhat')} act={() => stop(true)} />}
      {mayDelete && (
        <Danger label={t('action.delete')} question={t('notebook.deleteAsk', { name })} consequence={<Consequences kind="Notebook" />}
          act={async () => { await remove(NOTEBOOKS, project, name); void navigate(at(project, 'notebooks')) }} />
      )}
      <OpenLab notebook={notebook} />
    </>
  )
}
