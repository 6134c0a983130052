import { useQueries } from '@tanstack/react-query'
import type { Resource } from '../api/kinds'
import { list } from '../api/kube'
import type { KubeObject } from '../api/meta'
import { useList } from '../api/useKube'
import { useFrame } from './context'

const POLL_MS = 10_000

/** Objects of all projects that this person may enter: at once, or project by project. */
export function useEverywhere<T extends KubeObject>(resource: Resource<T>): { data: T[] | undefined; error: Error | null } {
  const { session, projects } = useFrame()
  const all = useList(resource, { live: POLL_MS, enabled: session.admin })
  const each = useQueries({
    queries: (session.admin ? [] : (projects ?? [])).map(({ name }) => ({
      queryKey: ['kube', resource.group, resource.plural, name, '', ''],
      queryFn: ({ signal }: { signal: AbortSignal }) => list(resource, { namespace: name }, signal),
      refetchInterval: POLL_MS,
    })),
  })
  if (session.admin) return all
  const known = projects !== undefined && each.every((one) => !one.isPending)
  return { data: known ? each.flatMap((one) => one.data?.items ?? []) : undefined, error: null }
}
