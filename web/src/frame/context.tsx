import { createContext, useContext, useMemo, type ReactNode } from 'react'
import { useLocation } from 'react-router'
import { ApiError } from '../api/http'
import { LABELS, NAMESPACES } from '../api/kinds'
import type { Session } from '../api/session'
import { useList } from '../api/useKube'

export interface Project {
  name: string
  workspace: string
}

interface FrameValue {
  session: Session
  projects: Project[] | undefined
  /** In the address, else the last one, else the first; undefined when there is none. */
  project: string | undefined
  error: Error | null
}

const REMEMBERED = 'dais.project'
const PROJECTS_MS = 20_000
const Context = createContext<FrameValue | null>(null)

export function FrameProvider({ session, children }: { session: Session; children: ReactNode }) {
  const listed = useList(NAMESPACES, { live: PROJECTS_MS })
  const { pathname } = useLocation()
  const value = useMemo<FrameValue>(() => {
    const refused = listed.error instanceof ApiError && listed.error.status === 403
    const projects = refused
      ? (session.projects ?? []).map(({ name, workspace = '' }) => ({ name, workspace }))
      : listed.data
          ?.filter((one) => one.metadata.labels?.[LABELS.workspace] !== undefined)
          .map((one) => ({ name: one.metadata.name, workspace: one.metadata.labels?.[LABELS.workspace] ?? '' }))
    return {
      session,
      projects: projects?.toSorted((a, b) => a.name.localeCompare(b.name)),
      project: current(pathname, projects),
      error: refused ? null : listed.error,
    }
  }, [session, listed.data, listed.error, pathname])
  return <Context.Provider value={value}>{children}</Context.Provider>
}

function current(pathname: string, projects: Project[] | undefined): string | undefined {
  const given = /^\/p\/([^/]+)/.exec(pathname)?.[1]
  if (given) {
    const name = decodeURIComponent(given)
    localStorage.setItem(REMEMBERED, name)
    return name
  }
  const last = localStorage.getItem(REMEMBERED)
  return projects?.find((one) => one.name === last)?.name ?? projects?.[0]?.name
}

export function useFrame(): FrameValue {
  const value = useContext(Context)
  if (!value) throw new Error('useFrame outside Frame')
  return value
}
