import { useQuery } from '@tanstack/react-query'
import { request } from './http'

export type Severity = 'unknown' | 'none' | 'low' | 'medium' | 'high' | 'critical'

/** A known flaw of an installed version. */
export interface Vulnerability {
  id: string
  aliases: string[]
  severity: Severity
  /** CVSS' base score, 0 to 10. */
  score?: number
  summary: string
  fixedIn: string[]
}

export interface Vulnerabilities {
  data: {
    /** `none`: nobody has set where advisories are. `outdated`: read before, not readable now. */
    state: 'none' | 'unreadable' | 'outdated' | 'available'
    advisories?: number
    skipped?: number
    newest?: string | null
    reason?: string | null
  }
  /** Null where there is nothing to compare with. */
  packages: { name: string; version: string; isComparable: boolean; vulnerabilities: Vulnerability[] }[] | null
}

const POLL_MS = 60_000

/** Asked anew when what is installed changes, and for advisories now and then. */
export const useVulnerabilities = (project: string, name: string, digest: string | undefined) =>
  useQuery({
    queryKey: ['vulnerabilities', project, name, digest], refetchInterval: POLL_MS,
    queryFn: ({ signal }) => request<Vulnerabilities>(`/api/environments/${encodeURIComponent(project)}/${encodeURIComponent(name)}/vulnerabilities`, { signal }),
  })
