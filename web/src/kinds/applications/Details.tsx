import type { Application } from '../../api/generated'
import { APPLICATIONS } from '../../api/kinds'
import { useOne } from '../../api/useKube'
import { Card } from '../../components/Card'
import { Notice } from '../../components/Notice'
import { PageHead } from '../../components/PageHead'
import { Failure, Loading } from '../../components/States'
import { Status } from '../../components/Status'
import { Tabs } from '../../components/Tabs'
import type { Tone } from '../../components/tone'
import { Yaml } from '../../components/Yaml'
import { at, useProject } from '../../frame/useProject'
import { useText, type Translate } from '../../i18n'
import { Changes } from '../../objects/Changes'
import { Events } from '../../objects/Events'
import { Gone } from '../../objects/Gone'
import { ObjectLogs } from '../../objects/ObjectLogs'
import { readiness } from '../../objects/readiness'
import { reasonWords } from '../../objects/reasons'
import { Shell } from '../../objects/terminal/Shell'
import { useTab } from '../../objects/useTab'
import { AppTraces } from '../apps/AppTraces'
import { underWay } from '../services/rollout'
import { Actions } from './Actions'
import { Metrics } from './Metrics'
import { Overview } from './Overview'
import { useReplicas } from './pods'
import { Releases } from './Releases'
import { scaleOfApp, scaleShort } from './scale'

/** What the tag in the head says enough about. */
const QUIET = new Set<Tone>(['success', 'muted'])

/** One application: whether it is well, how it is reached, and its releases. */
export function ApplicationDetails() {
  const t = useText()
  const project = useProject()
  const { name, tab, open } = useTab('applications')
  const { data: app, error, missing, refetch } = useOne(APPLICATIONS, project, name)
  const pods = useReplicas(project, app)
  if (missing) return <Gone name={name} back={at(project, 'applications')} label={t('nav.applications')} />
  if (!app) return error ? <Failure error={error} retry={refetch} /> : <Loading rows={8} />
  const podNames = (pods.data ?? []).map((pod) => pod.metadata.name)
  const state = readiness(app.status?.conditions)
  return (
    <>
      <PageHead title={name} status={<Status tag tone={state.tone} label={t(state.word)} busy={state.busy} />} facts={facts(t, app)} actions={<Actions app={app} />} />
      {!QUIET.has(state.tone) && <div className="notices"><Notice tone={state.tone} title={reasonWords(t, state.reason)}><p className="anywhere pre">{state.message}</p></Notice></div>}
      <Tabs activeKey={tab} onChange={open} destroyOnHidden items={[
        { key: 'overview', label: t('tab.overview'), children: <Overview app={app} pods={pods} project={project} /> },
        { key: 'releases', label: t('app.releases'), children: <Releases app={app} project={project} /> },
        { key: 'metrics', label: t('tab.metrics'), children: <Metrics name={name} project={project} /> },
        { key: 'logs', label: t('tab.logs'), children: <Card><ObjectLogs project={project} app={name} pods={podNames} from={app.metadata.creationTimestamp} running noPod={scaleOfApp(app).asleep || app.spec.stopped || app.spec.schedule ? t('app.quietLogs') : undefined} /></Card> },
        { key: 'terminal', label: t('tab.terminal'), children: <Card><Shell project={project} pods={pods.data ?? []} /></Card> },
        { key: 'traces', label: t('nav.traces'), children: <div className="grid"><AppTraces className="span-12" project={project} app={name} services={[name]} /></div> },
        { key: 'events', label: t('tab.events'), children: <Card><Events project={project} name={name} pods={podNames} /></Card> },
        { key: 'changes', label: t('tab.changes'), children: <Card><Changes project={project} resource="applications" name={name} /></Card> },
        { key: 'yaml', label: t('tab.yaml'), children: <Yaml of={app} /> },
      ]} />
    </>
  )
}

function facts(t: Translate, app: Application) {
  const { release } = app.status ?? {}
  const coming = underWay(app)
  return [
    release !== undefined && t('app.releaseNumber', { release }),
    coming && t('app.mark', { release: coming.version, share: `${coming.percent}%` }),
    !app.spec.schedule && t('app.replicasFact', { count: scaleShort(t, app) }),
    app.spec.schedule?.cron,
  ]
}
