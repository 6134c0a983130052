import { ApiError, NOT_JSON, request } from './http'

/** There is no such part: switched off, or another server's without our additions. */
export function isAbsent(error: Error | null): boolean {
  return error instanceof ApiError && (error.status === 404 || error.reason === NOT_JSON)
}

const SELDOM_MS = 30_000

/** A question to a part that may be missing: then it is asked again seldom, and not retried. */
export function optional<T>(key: string[], path: string, every: number) {
  return {
    queryKey: key,
    queryFn: ({ signal }: { signal: AbortSignal }) => request<T>(path, { signal }),
    retry: (failures: number, error: Error) => !isAbsent(error) && failures < 2,
    refetchInterval: (query: { state: { error: Error | null } }) => (isAbsent(query.state.error) ? SELDOM_MS : every),
  }
}
