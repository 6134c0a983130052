import { useInfiniteQuery } from '@tanstack/react-query'
import { request } from '../../api/http'

/** One path that a write changed; a side that is not there is left out. */
export interface FieldChange {
  path: string
  old?: unknown
  new?: unknown
}

export interface AuditEntry {
  id: string
  time: string
  user: string
  actingAs?: string
  via: string
  source?: string
  agent?: string
  verb: string
  group: string
  resource: string
  namespace: string
  name: string
  /** 0 while it is under way, and for good when the platform died in between. */
  code: number
  requestId?: string
  changes: FieldChange[]
  truncated: boolean
}

interface Page {
  items: AuditEntry[]
  next?: string
}

/** What narrows the record; the names are those of the address and of the API. */
export type AuditFilter = Partial<Record<'user' | 'verb' | 'resource' | 'project' | 'name' | 'text' | 'since' | 'until', string>>

const PAGE = 100

export function auditQuery(filter: AuditFilter): URLSearchParams {
  const given = Object.entries(filter).filter(([, value]) => value !== '' && value !== undefined)
  return new URLSearchParams(given)
}

/** The newest records that match, and older ones page by page. */
export function useAudit(filter: AuditFilter) {
  return useInfiniteQuery({
    queryKey: ['audit', filter],
    initialPageParam: '',
    refetchInterval: 10_000,
    queryFn: ({ pageParam }) => {
      const query = auditQuery(filter)
      query.set('limit', String(PAGE))
      if (pageParam) query.set('before', pageParam)
      return request<Page>(`/api/audit?${query}`)
    },
    getNextPageParam: (last) => last.next,
  })
}
