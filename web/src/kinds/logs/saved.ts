import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback, useState } from 'react'
import { request } from '../../api/http'

/** A search that a person gave a name; kept with the account, so that it is there in every browser. */
export interface Saved {
  name: string
  /** As in the address. */
  search: string
}

type Settings = Record<string, unknown>

const PATH = '/api/account/settings'
const KEY = ['account-settings']

/** The searches among an account's settings; what is none is left out. */
export function searchesOf(settings: Settings | undefined): Saved[] {
  const all = settings?.['searches']
  return Array.isArray(all) ? all.filter((one): one is Saved => typeof one?.name === 'string' && typeof one?.search === 'string') : []
}

export function useSaved(): { saved: Saved[]; error: Error | null; save: (one: Saved) => void; forget: (name: string) => void } {
  const client = useQueryClient()
  const [failed, setFailed] = useState<Error | null>(null)
  const { data, error } = useQuery({ queryKey: KEY, queryFn: () => request<Settings>(PATH), staleTime: 60_000 })
  const write = useCallback(async (edit: (before: Saved[]) => Saved[]) => {
    try {
      // Another tab may have saved since.
      const before = await request<Settings>(PATH)
      const next = { ...before, searches: edit(searchesOf(before)) }
      await request(PATH, { method: 'PUT', body: next })
      client.setQueryData(KEY, next)
      setFailed(null)
    } catch (reason) {
      setFailed(reason instanceof Error ? reason : new Error(String(reason)))
    }
  }, [client])
  const save = useCallback((one: Saved) => void write((before) => [...before.filter(({ name }) => name !== one.name), one].toSorted((a, b) => a.name.localeCompare(b.name))), [write])
  const forget = useCallback((name: string) => void write((before) => before.filter((one) => one.name !== name)), [write])
  return { saved: searchesOf(data), error: failed ?? error, save, forget }
}
