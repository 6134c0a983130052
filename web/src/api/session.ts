import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback } from 'react'
import { ApiError, request, setCsrf } from './http'

export interface Session {
  user: string
  groups: string[]
  admin: boolean
  csrf: string
  /** The language that the person chose, if any. */
  language?: string
  projects?: { name: string; workspace?: string }[]
}

export interface Info {
  version?: string
  gateway?: string
}

export const SESSION_KEY = ['session']

async function current(): Promise<Session | null> {
  try {
    const session = await request<Session>('/api/session')
    setCsrf(session.csrf)
    return session
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null
    throw error
  }
}

export function useSession() {
  return useQuery({ queryKey: SESSION_KEY, queryFn: current, staleTime: 60_000, retry: 1 })
}

export function useInfo() {
  return useQuery({ queryKey: ['info'], queryFn: () => request<Info>('/api/info'), staleTime: Infinity, retry: false })
}

export async function signIn(user: string, password: string): Promise<void> {
  await request('/api/session', { method: 'POST', body: { user, password } })
}

export function useSignOut(): () => Promise<void> {
  const client = useQueryClient()
  return useCallback(async () => {
    await request('/api/session', { method: 'DELETE' })
    client.clear()
    client.setQueryData(SESSION_KEY, null)
  }, [client])
}
