import { useEffect, useState } from 'react'

/** A pause in typing. */
const PAUSE_MS = 300

/** A value once it has stayed the same for a moment: what is typed is not asked for letter by letter. */
export function useSettled(value: string): string {
  const [settled, settle] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => settle(value), PAUSE_MS)
    return () => clearTimeout(timer)
  }, [value])
  return settled
}
