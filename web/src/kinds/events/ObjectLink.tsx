import { Link } from 'react-router'
import type { LogLine } from '../../api/logs'
import { at } from '../../frame/useProject'
import { valueOf } from '../../objects/LogLinesParts'
import { queueAt } from '../queues/words'

/** Pages of kinds that have one. */
const PAGES: Record<string, string> = { TrainingJob: 'jobs', Sweep: 'sweeps', InferenceService: 'services', Dataset: 'datasets', Environment: 'environments' }

/** Where an object is looked at: its page, its machine, the logs of its pod. */
export function objectAddress(kind: string, namespace: string | undefined, name: string): string | undefined {
  if (!name) return undefined
  if (kind === 'Node') return `/nodes/${encodeURIComponent(name)}`
  if (kind === 'Queue') return queueAt(name)
  if (!namespace) return undefined
  if (kind === 'Pod') return `${at(namespace, 'logs')}?pod=${encodeURIComponent(name)}`
  const page = PAGES[kind]
  return page && at(namespace, page, name)
}

/** The object that an event is about. */
export function ObjectLink({ line, showProject }: { line: LogLine; showProject: boolean }) {
  const kind = valueOf(line, 'fields.event.kind')
  const name = valueOf(line, 'fields.event.name')
  const address = objectAddress(kind, line.namespace, name)
  return (
    <span className="small anywhere">
      <span className="muted">{kind}</span> {address ? <Link className="mono" to={address}>{name}</Link> : <span className="mono">{name}</span>}
      {showProject && line.namespace && <div className="muted">{line.namespace}</div>}
    </span>
  )
}
