import { useQuery } from '@tanstack/react-query'
import { query as queryString, request } from './http'
import { optional } from './optional'

/** Requests to move protected aliases of models: ours, beside MLflow's REST API. */

export type ApprovalState = 'open' | 'approved' | 'rejected' | 'withdrawn'
export interface Approval {
  id: number
  name: string
  alias: string
  /** Null: the alias is to be removed. */
  version: string | null
  /** Where it pointed when this was asked for. */
  from_version: string | null
  current_version: string | null
  state: ApprovalState
  /** The alias has moved since. */
  stale: boolean
  requested_by: string
  requested_at: number
  reason: string
  decided_by: string | null
  decided_at: number | null
  decision_reason: string | null
}
export interface Approvals {
  model_approvals: Approval[]
  protected_aliases: string[]
  may_approve: boolean
  user: string
  next_page_token?: string
}

export const MOST = 1000
const REFRESH_MS = 10_000
const base = (project: string) => `/mlflow/p/${encodeURIComponent(project)}/api/2.0/dais/model-approvals`

/** Of one model, or of all; newest first, at most {@link MOST}. */
export function useApprovals(project: string, only: { name?: string; state?: ApprovalState }) {
  const path = base(project) + queryString({ ...only, max_results: MOST })
  return useQuery(optional<Approvals>(['mlflow', project, 'approvals', only.name ?? '', only.state ?? ''], path, REFRESH_MS))
}

export interface Wanted {
  name: string
  alias: string
  /** Absent: the alias is to be removed. */
  version?: string
  reason: string
}

export const ask = (project: string, { version, ...wanted }: Wanted) =>
  request(base(project), { method: 'POST', body: version === undefined ? { ...wanted, remove: true } : { ...wanted, version } })

export type Verb = 'approve' | 'reject' | 'withdraw'
export const decide = (project: string, id: number, verb: Verb, reason: string) =>
  request(`${base(project)}/${id}/${verb}`, { method: 'POST', body: { reason } })
