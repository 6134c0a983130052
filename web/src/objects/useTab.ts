import { useNavigate, useParams, useSearchParams } from 'react-router'
import { at, useProject } from '../frame/useProject'

/** The open tab, as the last word of the address; `since` travels along. */
export function useTab(kind: string): { tab: string; name: string; open: (tab: string) => void } {
  const project = useProject()
  const { name = '', tab = 'overview' } = useParams()
  const navigate = useNavigate()
  const [search] = useSearchParams()
  const open = (next: string) => {
    const since = search.get('since')
    const address = next === 'overview' ? at(project, kind, name) : at(project, kind, name, next)
    void navigate(since ? `${address}?since=${since}` : address)
  }
  return { tab, name, open }
}
