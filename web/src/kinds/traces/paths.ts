import { useParams } from 'react-router'
import { at } from '../../frame/useProject'

/** Addresses of the observing pages: inside the project of the address, else across all. */
export function useWithin(): { project: string | undefined; to: (...parts: string[]) => string } {
  const { project } = useParams()
  const to = (...parts: string[]) => (project ? at(project, ...parts) : `/${parts.map(encodeURIComponent).join('/')}`)
  return { project, to }
}

/** A part of an address: `?a=1&b=2`, without what is empty. */
export function search(parts: Record<string, string | undefined>): string {
  const given = new URLSearchParams(Object.entries(parts).filter((one): one is [string, string] => Boolean(one[1])))
  return given.size > 0 ? `?${given}` : ''
}
