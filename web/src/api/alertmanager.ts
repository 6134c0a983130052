import { useQuery } from '@tanstack/react-query'
import { request } from './http'
import { isAbsent, optional } from './optional'
import type { Labels } from './prom'

/**
 * Alertmanager's API, version 2, and beside it, under `/dais`, what it lacks:
 * acknowledgements, the health of receivers, a test message. Behind a plain
 * Alertmanager those are absent, and the pages do without.
 */
const BASE = '/alertmanager/api/v2'
const PATHS = {
  alerts: `${BASE}/alerts`,
  silences: `${BASE}/silences`,
  silence: (id: string) => `${BASE}/silence/${encodeURIComponent(id)}`,
  receivers: `${BASE}/receivers`,
  acknowledgements: `${BASE}/dais/acknowledgements`,
  acknowledgement: (fingerprint: string) => `${BASE}/dais/acknowledgements/${encodeURIComponent(fingerprint)}`,
  detailed: `${BASE}/dais/receivers`,
  test: (name: string) => `${BASE}/dais/receivers/${encodeURIComponent(name)}/test`,
} as const

export interface Matcher {
  name: string
  value: string
  isRegex: boolean
  /** False turns it round; true where left out. */
  isEqual?: boolean
}

export interface Acknowledged {
  user: string
  comment?: string
  at?: string
  until?: string | null
}

export interface Notified {
  fingerprint: string
  labels: Labels
  annotations: Labels
  startsAt: string
  endsAt: string
  updatedAt?: string
  generatorURL?: string
  receivers: { name: string }[]
  status: {
    state: 'active' | 'suppressed' | 'unprocessed'
    silencedBy: string[]
    inhibitedBy: string[]
    mutedBy?: string[]
    acknowledgedBy?: Acknowledged | null
  }
}

export interface Silence {
  id: string
  matchers: Matcher[]
  startsAt: string
  endsAt: string
  createdBy: string
  comment: string
  status: { state: 'active' | 'pending' | 'expired' }
}

export interface Attempt {
  /** `receiver/kind[number]`. */
  integration: string
  verdict: 'delivered' | 'retry' | 'refused'
  status?: number | null
  code?: number | null
  /** What the receiver said. */
  answer: string
  seconds: number
}

export interface Integration {
  integration: string
  kind: string
  sendResolved: boolean
  queued: number
  health?: { lastAttempt?: string | null; lastDelivered?: string | null; failingSince?: string | null; lastError?: Attempt | null } | null
}

export interface Receiver {
  name: string
  language?: string
  /** Undefined behind a plain Alertmanager, which tells names alone. */
  integrations?: Integration[]
}

const REFRESH_MS = 10_000
const SELDOM_MS = 30_000

export const useNotified = () => useQuery(optional<Notified[]>(['alertmanager', 'alerts'], PATHS.alerts, REFRESH_MS))
export const useSilences = () => useQuery(optional<Silence[]>(['alertmanager', 'silences'], PATHS.silences, REFRESH_MS))

/** With their integrations where the server tells them, by name alone where it does not. */
export function useReceivers() {
  return useQuery({
    ...optional<Receiver[]>(['alertmanager', 'receivers'], PATHS.receivers, SELDOM_MS),
    queryFn: async ({ signal }): Promise<Receiver[]> => {
      const names = await request<Receiver[]>(PATHS.receivers, { signal })
      const detailed = await request<Receiver[]>(PATHS.detailed, { signal }).catch((error: Error) => {
        if (isAbsent(error)) return []
        throw error
      })
      return names.map((one) => detailed.find(({ name }) => name === one.name) ?? one)
    },
  })
}

export interface NewSilence {
  id?: string
  matchers: Matcher[]
  startsAt: string
  endsAt: string
  createdBy: string
  comment: string
}

export const putSilence = (silence: NewSilence) => request<{ silenceID: string }>(PATHS.silences, { method: 'POST', body: silence })
export const expireSilence = (id: string) => request(PATHS.silence(id), { method: 'DELETE' })
export const acknowledge = (fingerprint: string, comment: string) => request(PATHS.acknowledgements, { method: 'POST', body: { fingerprints: [fingerprint], comment } })
export const withdraw = (fingerprint: string) => request(PATHS.acknowledgement(fingerprint), { method: 'DELETE' })
export const testReceiver = (name: string) => request<Attempt[]>(PATHS.test(name), { method: 'POST' })

/** Whether a silence of these matchers keeps quiet what has these labels. */
export function silences(matchers: Matcher[], labels: Labels): boolean {
  return matchers.length > 0 && matchers.every(({ name, value, isRegex, isEqual = true }) => {
    const own = labels[name] ?? ''
    return (isRegex ? matched(value, own) : own === value) === isEqual
  })
}

/** Anchored at both ends, as Alertmanager does; a pattern that cannot be read matches nothing. */
export function matched(pattern: string, text: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`, 'u').test(text)
  } catch {
    return false
  }
}

/** `name="value"`, as a person writes it. */
export function matcherWords({ name, value, isRegex, isEqual = true }: Matcher): string {
  return `${name}${isRegex ? (isEqual ? '=~' : '!~') : isEqual ? '=' : '!='}${JSON.stringify(value)}`
}

