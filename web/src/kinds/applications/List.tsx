import { Button } from 'antd'
import { Link } from 'react-router'
import { useCan } from '../../api/access'
import type { Application } from '../../api/generated'
import { APPLICATIONS } from '../../api/kinds'
import { useList } from '../../api/useKube'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { PageHead } from '../../components/PageHead'
import { Status } from '../../components/Status'
import type { Tone } from '../../components/tone'
import { at, useProject } from '../../frame/useProject'
import { useText, type Translate } from '../../i18n'
import { number } from '../../i18n/format'
import { readiness } from '../../objects/readiness'
import { reasonWords } from '../../objects/reasons'
import { underWay } from '../services/rollout'
import { useTraffic } from '../services/traffic'
import { programOf, scaleShort } from './scale'
import { Teach } from './Teach'

/** What the status alone says enough about. */
const QUIET = new Set<Tone>(['success', 'muted'])
const nameOf = ({ metadata }: Application) => metadata.name

/** Programs that run here, all the time or by a schedule. */
export function ApplicationList() {
  const t = useText()
  const project = useProject()
  const all = useList(APPLICATIONS, { namespace: project })
  const traffic = useTraffic(project)
  const mayCreate = useCan('create', APPLICATIONS, project)
  const create = mayCreate && <Link to={at(project, 'applications', 'new')}><Button type="primary">{t('app.new')}</Button></Link>
  const rate = (app: Application) => traffic(nameOf(app)).rate
  const columns: Column<Application>[] = [
    ...identity(t, project),
    { key: 'rate', title: t('services.rate'), align: 'right', from: 'md', sort: rate, cell: (app) => (app.spec.route ? number(rate(app) ?? 0) : '—') },
    { key: 'created', title: t('field.created'), from: 'lg', sort: (app) => app.metadata.creationTimestamp, cell: (app) => <Ago time={app.metadata.creationTimestamp} /> },
  ]
  return (
    <>
      <PageHead title={t('nav.applications')} facts={all.data ? [t('app.count', { count: all.data.length })] : []} actions={create} />
      <Card>
        <DataTable rows={all.data} error={all.error} retry={all.refetch} columns={columns} rowKey={nameOf} order="name"
          text={(app) => `${nameOf(app)} ${programOf(app)}`} empty={<Teach action={create} />} />
      </Card>
    </>
  )
}

function identity(t: Translate, project: string): Column<Application>[] {
  return [
    { key: 'name', title: t('field.name'), sort: nameOf, cell: (app) => <div className="rule-name"><Link className="strong" to={at(project, 'applications', nameOf(app))}>{nameOf(app)}</Link></div> },
    {
      key: 'status', title: t('field.status'),
      cell: (app) => {
        const state = readiness(app.status?.conditions)
        return <div><Status tone={state.tone} label={t(state.word)} busy={state.busy} />{!QUIET.has(state.tone) && <div className="muted small">{reasonWords(t, state.reason)}</div>}</div>
      },
    },
    { key: 'program', title: t('app.runs'), from: 'sm', sort: programOf, cell: (app) => <span className="mono truncate" style={{ display: 'inline-block', maxWidth: 300 }}>{programOf(app)}</span> },
    { key: 'release', title: t('app.release'), align: 'right', sort: (app) => app.status?.release, cell: (app) => <Releasing app={app} /> },
    { key: 'replicas', title: t('services.replicas'), align: 'right', sort: (app) => app.status?.readyReplicas, cell: (app) => (app.spec.schedule ? <span className="mono">{app.spec.schedule.cron}</span> : scaleShort(t, app)) },
  ]
}

/** The release that runs, and one on its way in. */
function Releasing({ app }: { app: Application }) {
  const t = useText()
  const coming = underWay(app)
  return <span>{app.status?.release ?? '—'}{coming && <> <span className="tag tone-accent numbers">{t('app.mark', { release: coming.version, share: `${coming.percent}%` })}</span></>}</span>
}
