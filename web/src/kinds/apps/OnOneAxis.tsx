import { useMemo, type ReactNode } from 'react'
import { INFERENCE_SERVICES, LABELS, REPLICA_SETS } from '../../api/kinds'
import { useList } from '../../api/useKube'
import { Card } from '../../components/Card'
import { useFilters } from '../../components/filters'
import { TimeAxis } from '../../components/plot/axis'
import { useText } from '../../i18n'
import { Events } from '../../objects/Events'
import { useReleases } from '../applications/releases'
import type { Alert } from '../alerts/alert'
import { AppLogs } from './AppLogs'
import { AppTraces } from './AppTraces'
import { Cost } from './Cost'
import { marksOf } from './marks'
import { Resources } from './Resources'
import { Traffic } from './Traffic'
import { answering, useWarnings, type Application, type Consists } from './useApplication'

interface Props {
  project: string
  name: string
  of: Consists
  all: Application
  alerts: Alert[] | undefined
  /** Before the curves, after the traces, and last. */
  before?: ReactNode
  beside?: ReactNode
  after?: ReactNode
}

const NONE: [] = []
const POLL_MS = 5000

/** Requests, errors, latency, resources, logs, traces, events and releases of one application, on one time axis. */
export function OnOneAxis({ project, name, of, all: { names, pods }, alerts = NONE, before, beside, after }: Props) {
  const t = useText()
  const { user, node } = useFilters()
  const releases = useReleases(project, of.programs[0]).data ?? NONE
  const revisions = useList(REPLICA_SETS, { namespace: project, labels: `${LABELS.app}=${name},${LABELS.kind}=${INFERENCE_SERVICES.kind}`, live: POLL_MS, enabled: of.services.length > 0 }).data ?? NONE
  const warnings = useWarnings(project, names)
  const marks = useMemo(() => marksOf(t, { releases, services: of.services, revisions, jobs: of.jobs, warnings, alerts }), [t, releases, revisions, of, warnings, alerts])
  const asked = answering(of)
  return (
    <TimeAxis name={`app-${project}-${name}`} marks={marks}>
      <div className="grid">
        {before}
        {asked.length > 0 && <Traffic project={project} services={asked} />}
        <Resources project={project} filters={{ app: name, user, node }} />
        <Cost project={project} name={name} user={user} />
        <AppLogs project={project} filters={{ app: name, user, node }} />
        <AppTraces project={project} app={name} user={user} services={asked} className={beside ? 'span-7' : 'span-12'} />
        {beside}
        <Card className="span-12" title={t('tab.events')}><Events project={project} name={name} pods={[...names, ...(pods.data ?? []).map((one) => one.metadata.name)]} /></Card>
        {after}
      </div>
    </TimeAxis>
  )
}
