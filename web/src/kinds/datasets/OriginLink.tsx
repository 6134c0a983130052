import { Link } from 'react-router'
import type { Origin } from '../../api/versions'
import { originName, originPath } from './origin'

export function OriginLink({ project, origin }: { project: string; origin: Origin }) {
  const { to } = originPath(project, origin)
  const name = originName(origin)
  return to ? <Link className="anywhere" to={to}>{name}</Link> : <span className="mono anywhere">{name}</span>
}
