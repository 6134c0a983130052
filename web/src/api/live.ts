import type { QueryClient, QueryKey } from '@tanstack/react-query'
import { ApiError } from './http'
import type { Resource } from './kinds'
import { applied, watch, type Selection } from './kube'
import type { KubeList, KubeObject } from './meta'

/**
 * Keeps lists alive with watches. A browser opens at most six connections to
 * one HTTP/1.1 origin over all of its tabs, so a tab holds at most
 * STREAM_BUDGET of them, none while it is hidden; a list without a stream is
 * polled instead (see `useList`).
 */
export const STREAM_BUDGET = 2
const RETRY_MS = 2000

let open = 0
const shared = new Map<string, { users: number; stop: () => void }>()

interface Feed<T extends KubeObject> {
  client: QueryClient
  key: QueryKey
  resource: Resource<T>
  selection: Selection
}

/** Joins or opens the stream of `feed`; false when the budget is spent. */
export function follow<T extends KubeObject>(feed: Feed<T>): (() => void) | false {
  const id = JSON.stringify(feed.key)
  const known = shared.get(id)
  if (!known && open >= STREAM_BUDGET) return false
  const entry = known ?? { users: 0, stop: start(feed) }
  if (!known) {
    open += 1
    shared.set(id, entry)
  }
  entry.users += 1
  return () => {
    entry.users -= 1
    if (entry.users > 0) return
    open -= 1
    shared.delete(id)
    entry.stop()
  }
}

function start<T extends KubeObject>(feed: Feed<T>): () => void {
  const life = new AbortController()
  void run(feed, life.signal)
  return () => life.abort()
}

async function run<T extends KubeObject>({ client, key, resource, selection }: Feed<T>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const version = client.getQueryData<KubeList<T>>(key)?.metadata.resourceVersion
    if (version === undefined || document.hidden) {
      await pause(RETRY_MS / 4, signal)
      continue
    }
    const stream = new AbortController()
    const end = () => stream.abort()
    const hide = () => document.hidden && end()
    signal.addEventListener('abort', end)
    document.addEventListener('visibilitychange', hide)
    try {
      await watch(resource, selection, version, (event) => {
        if (event.type === 'ERROR') throw new ApiError(410, 'the watch window has passed', 'Expired')
        client.setQueryData<KubeList<T>>(key, (before) => before && applied(before, event))
      }, stream.signal)
    } catch (cause) {
      if (!signal.aborted && !document.hidden) await recover(cause, () => client.invalidateQueries({ queryKey: key }), signal)
    } finally {
      signal.removeEventListener('abort', end)
      document.removeEventListener('visibilitychange', hide)
      end()
    }
  }
}

/** A passed window needs a fresh list; anything else a moment, then a fresh list. */
async function recover(cause: unknown, refresh: () => Promise<void>, signal: AbortSignal): Promise<void> {
  if (!(cause instanceof ApiError && cause.status === 410)) await pause(RETRY_MS, signal)
  if (!signal.aborted) await refresh()
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    }, { once: true })
  })
}
