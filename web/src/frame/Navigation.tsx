import { NavLink } from 'react-router'
import { useTravel } from '../components/range'
import { useText, type MessageKey } from '../i18n'
import { useFrame } from './context'
import { at } from './useProject'

interface Entry {
  title: MessageKey
  /** Inside the current project. */
  page?: string
  path?: string
  admin?: boolean
  /** The time range and the filters go along, as for all of its group. */
  travels?: boolean
}
interface Group {
  title: MessageKey
  /** The time range and the filters go along. */
  travels?: boolean
  entries: Entry[]
}

/** In the order in which work flows. Only pages that exist. */
export const GROUPS: Group[] = [
  { title: 'nav.data', entries: [{ title: 'nav.datasets', page: 'datasets' }, { title: 'nav.labeling', page: 'labeling' }] },
  { title: 'nav.develop', entries: [{ title: 'nav.notebooks', page: 'notebooks' }, { title: 'nav.algorithms', page: 'algorithms' }, { title: 'nav.environments', page: 'environments' }] },
  { title: 'nav.train', entries: [{ title: 'nav.jobs', page: 'jobs' }, { title: 'nav.sweeps', page: 'sweeps' }, { title: 'nav.queues', path: '/queues' }, { title: 'nav.experiments', page: 'experiments' }] },
  { title: 'nav.serve', entries: [{ title: 'nav.models', page: 'models' }, { title: 'nav.services', page: 'services' }, { title: 'nav.abtests', page: 'abtests' }, { title: 'nav.applications', page: 'applications' }] },
  {
    title: 'nav.observe',
    travels: true,
    entries: [
      { title: 'nav.apps', page: 'apps' },
      { title: 'nav.explore', page: 'explore' },
      { title: 'nav.logs', page: 'logs' },
      { title: 'nav.traces', page: 'traces' },
      { title: 'nav.map', page: 'map' },
      { title: 'nav.events', page: 'events' },
      { title: 'nav.cluster', path: '/cluster' },
      { title: 'nav.gpus', path: '/gpus' },
      { title: 'nav.people', path: '/people' },
      { title: 'nav.alerts', path: '/alerts' },
    ],
  },
  {
    title: 'nav.platform',
    entries: [
      { title: 'nav.projects', path: '/projects' },
      { title: 'nav.nodes', path: '/nodes', travels: true },
      { title: 'nav.images', path: '/images' },
      { title: 'nav.accounts', path: '/accounts', admin: true },
      { title: 'nav.audit', path: '/audit' },
      { title: 'nav.tokens', path: '/tokens' },
    ],
  },
]

export const addressOf = (entry: Entry, project: string | undefined): string | undefined =>
  entry.path ?? (project && entry.page ? at(project, entry.page) : undefined)

export function Navigation({ onChoose }: { onChoose?: () => void }) {
  const t = useText()
  const { project, session } = useFrame()
  const travel = useTravel()
  return (
    <nav className="nav" aria-label={t('frame.navigation')}>
      <NavLink to={travel('/')} end onClick={onChoose}>{t('nav.home')}</NavLink>
      {GROUPS.map((group) => {
        const entries = group.entries.filter((entry) => (session.admin || !entry.admin) && addressOf(entry, project))
        return entries.length === 0 ? null : (
          <div key={group.title}>
            <div className="nav-group">{t(group.title)}</div>
            {entries.map((entry) => (
              <NavLink key={entry.title} to={group.travels || entry.travels ? travel(addressOf(entry, project) ?? '/') : (addressOf(entry, project) ?? '/')} onClick={onChoose}>{t(entry.title)}</NavLink>
            ))}
          </div>
        )
      })}
    </nav>
  )
}
