import { useCan } from '../../api/access'
import type { Application } from '../../api/generated'
import { APPLICATIONS } from '../../api/kinds'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { Danger } from '../../components/Danger'
import { DataTable, type Column } from '../../components/DataTable'
import { Empty } from '../../components/States'
import { useText } from '../../i18n'
import { underWay } from '../services/rollout'
import { goBack } from './act'
import { BackTo } from './BackTo'
import { useReleases, type Release } from './releases'

/** Every release that is kept: what it changed, who made it and why. */
export function Releases({ app, project }: { app: Application; project: string }) {
  const t = useText()
  const releases = useReleases(project, app)
  const mayPatch = useCan('patch', APPLICATIONS, project)
  const newest = releases.data?.[0]
  const columns: Column<Release>[] = [
    { key: 'number', title: t('app.release'), sort: ({ number }) => number, cell: ({ number }) => <span className="row wrap" style={{ gap: 6 }}><span className="strong numbers">{number}</span><Mark app={app} number={number} /></span> },
    { key: 'changes', title: t('app.whatChanged'), cell: (release) => <Changed release={release} first={release.number === 1} /> },
    { key: 'when', title: t('app.whenWho'), sort: ({ time }) => time, cell: ({ time, by }) => <><Ago time={time} /><div className="muted small">{by || t('app.nobody')}</div></> },
    {
      key: 'go', title: '', align: 'right',
      cell: (release) => mayPatch && newest && release.number !== newest.number && (
        <Danger size="small" label={t('app.goBack')} question={t('app.goBackAsk', { release: release.number })} consequence={<BackTo from={newest} to={release} />} act={() => goBack(app, release.number)} />
      ),
    },
  ]
  return (
    <Card title={t('app.releases')}>
      <DataTable rows={releases.data} error={releases.error} retry={releases.refetch} columns={columns} rowKey={({ number }) => String(number)} order="number.desc" prefix="releases."
        empty={<Empty title={t('app.noReleases')} hint={t('app.noReleasesHint')} />} />
    </Card>
  )
}

/** Whether a release runs, or is on its way in, or was taken back. */
function Mark({ app, number }: { app: Application; number: number }) {
  const t = useText()
  const { release, rollout } = app.status ?? {}
  if (release === number) return <span className="tag tone-success">{t('app.running')}</span>
  if (rollout?.version !== String(number)) return null
  return underWay(app) ? <span className="tag tone-accent">{t('app.onItsWay', { share: `${rollout.percent}%` })}</span> : <span className="tag tone-warning">{t('rollout.back')}</span>
}

function Changed({ release: { changes, cause }, first }: { release: Release; first: boolean }) {
  const t = useText()
  return (
    <div className="wraps">
      {cause && <div>{cause}</div>}
      {changes.length === 0 ? <span className="muted">{t(first ? 'app.firstRelease' : 'app.inputsOnly')}</span>
        : <ul className="lines mono small">{changes.map((line) => <li key={line}>{line}</li>)}</ul>}
    </div>
  )
}
