import { useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query'
import { useEffect, useMemo, useState } from 'react'
import type { Resource } from './kinds'
import { list, type Selection } from './kube'
import { follow } from './live'
import type { KubeList, KubeObject } from './meta'

const POLL_MS = 4000

interface ListOptions extends Selection {
  enabled?: boolean
  /** `watch` streams when the tab has a stream to spare; a number polls at that pace. */
  live?: 'watch' | number
}

export type Listed<T> = Pick<UseQueryResult<T[]>, 'data' | 'error' | 'isPending' | 'refetch'>

/** A list that stays true: list, then watch, or polling where no stream is free. */
export function useList<T extends KubeObject>(resource: Resource<T>, options: ListOptions = {}): Listed<T> {
  const { namespace, labels, fields, enabled = true, live = 'watch' } = options
  const client = useQueryClient()
  const [streaming, setStreaming] = useState(false)
  const key = useMemo(
    () => ['kube', resource.group, resource.plural, namespace ?? '', labels ?? '', fields ?? ''],
    [resource, namespace, labels, fields],
  )
  const selection = useMemo<Selection>(
    () => ({ ...(namespace && { namespace }), ...(labels && { labels }), ...(fields && { fields }) }),
    [namespace, labels, fields],
  )
  const result = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => list(resource, selection, signal),
    enabled,
    select: itemsOf<T>,
    refetchInterval: streaming ? false : live === 'watch' ? POLL_MS : live,
  })
  const wanted = enabled && live === 'watch' && result.isSuccess
  useEffect(() => {
    if (!wanted) return
    const stop = follow({ client, key, resource, selection })
    if (!stop) return
    setStreaming(true)
    return () => {
      setStreaming(false)
      stop()
    }
  }, [wanted, client, key, resource, selection])
  return result
}

const itemsOf = <T,>(listed: KubeList<T>): T[] => listed.items

export interface One<T> {
  data: T | undefined
  error: Error | null
  isPending: boolean
  /** Listed without error and not there. */
  missing: boolean
  refetch: () => unknown
}

/** One object, out of the same list that the list page keeps alive. */
export function useOne<T extends KubeObject>(resource: Resource<T>, namespace: string | undefined, name: string): One<T> {
  const all = useList(resource, namespace ? { namespace } : {})
  const data = all.data?.find((one) => one.metadata.name === name)
  return { data, error: all.error, isPending: all.isPending, missing: all.data !== undefined && !data, refetch: all.refetch }
}
