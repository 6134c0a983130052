import { Button } from 'antd'
import { Link, useLocation, useParams } from 'react-router'
import { useFrame } from '../frame/context'
import { at } from '../frame/useProject'
import { useText } from '../i18n'

/** From one project to all of them and back; what was asked goes along. */
export function Everywhere({ page }: { page: string }) {
  const t = useText()
  const { project: here } = useParams()
  const { project } = useFrame()
  const { search } = useLocation()
  if (here) return <Link to={`/${page}${search}`}><Button type="text">{t('scope.toEverywhere')}</Button></Link>
  if (!project) return null
  return <Link to={`${at(project, page)}${search}`}><Button type="text">{t('scope.toProject', { project })}</Button></Link>
}
