import { pathOf, type Resource } from './kinds'
import type { KubeList, KubeObject } from './meta'
import { query, request, send } from './http'

/** Writes and reads on the Kubernetes API as the signed-in person. */

export interface Selection {
  namespace?: string
  labels?: string
  fields?: string
}

const selectors = (selection: Selection) => ({ labelSelector: selection.labels, fieldSelector: selection.fields })

export function list<T extends KubeObject>(resource: Resource<T>, selection: Selection, signal?: AbortSignal): Promise<KubeList<T>> {
  return request<KubeList<T>>(pathOf(resource, selection.namespace) + query(selectors(selection)), signal ? { signal } : {})
}

export function create<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T> {
  return request<T>(pathOf(resource, object.metadata.namespace), { method: 'POST', body: object })
}

export function remove<T extends KubeObject>(resource: Resource<T>, namespace: string | undefined, name: string): Promise<unknown> {
  return request(pathOf(resource, namespace, name), { method: 'DELETE' })
}

export function merge<T extends KubeObject>(resource: Resource<T>, namespace: string | undefined, name: string, patch: unknown): Promise<T> {
  return request<T>(pathOf(resource, namespace, name), {
    method: 'PATCH', body: patch, contentType: 'application/merge-patch+json',
  })
}

export interface WatchEvent<T> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  object: T
}

/** Streams changes after `resourceVersion` until the server or `signal` ends it. */
export async function watch<T extends KubeObject>(
  resource: Resource<T>,
  selection: Selection,
  resourceVersion: string,
  onEvent: (event: WatchEvent<T>) => void,
  signal: AbortSignal,
): Promise<void> {
  const path = pathOf(resource, selection.namespace)
  const response = await send(
    path + query({ ...selectors(selection), watch: 1, resourceVersion, allowWatchBookmarks: true, timeoutSeconds: 290 }),
    { signal },
  )
  if (!response.body) return
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const lines = (rest + value).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.trim()) onEvent(JSON.parse(line) as WatchEvent<T>)
  }
}

/** The list after one event. */
export function applied<T extends KubeObject>(before: KubeList<T>, event: WatchEvent<T>): KubeList<T> {
  const version = event.object.metadata.resourceVersion
  const metadata = version ? { ...before.metadata, resourceVersion: version } : before.metadata
  if (event.type === 'BOOKMARK' || event.type === 'ERROR') return { ...before, metadata }
  const same = (one: T) => one.metadata.name === event.object.metadata.name && one.metadata.namespace === event.object.metadata.namespace
  if (event.type === 'DELETED') return { metadata, items: before.items.filter((one) => !same(one)) }
  const known = before.items.find(same)
  // A list that was fetched in between may be further on than this event.
  if (known && Number(known.metadata.resourceVersion) > Number(version)) return before
  return { metadata, items: known ? before.items.map((one) => (same(one) ? event.object : one)) : [...before.items, event.object] }
}
