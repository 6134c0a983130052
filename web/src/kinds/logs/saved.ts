import { useCallback, useState } from 'react'

/** A search that a person gave a name; kept in this browser, for this person. */
export interface Saved {
  name: string
  /** As in the address. */
  search: string
}

const keyOf = (user: string) => `dais.searches.${user}`

export function parsed(text: string | null): Saved[] {
  try {
    const all: unknown = JSON.parse(text ?? '[]')
    return Array.isArray(all) ? all.filter((one): one is Saved => typeof one?.name === 'string' && typeof one?.search === 'string') : []
  } catch {
    return []
  }
}

export function useSaved(user: string): { saved: Saved[]; save: (one: Saved) => void; forget: (name: string) => void } {
  const [saved, setSaved] = useState(() => parsed(localStorage.getItem(keyOf(user))))
  const write = useCallback((edit: (before: Saved[]) => Saved[]) => {
    // Another tab may have saved since.
    const next = edit(parsed(localStorage.getItem(keyOf(user))))
    localStorage.setItem(keyOf(user), JSON.stringify(next))
    setSaved(next)
  }, [user])
  const save = useCallback((one: Saved) => write((before) => [...before.filter(({ name }) => name !== one.name), one].toSorted((a, b) => a.name.localeCompare(b.name))), [write])
  const forget = useCallback((name: string) => write((before) => before.filter((one) => one.name !== name)), [write])
  return { saved, save, forget }
}
