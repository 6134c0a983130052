import { useEffect } from 'react'

/** Takes what a person chose in another tab of the browser. */
export function useChosenElsewhere(stored: string, take: () => void): void {
  useEffect(() => {
    const changed = ({ key }: StorageEvent) => {
      if (key === stored) take()
    }
    addEventListener('storage', changed)
    return () => removeEventListener('storage', changed)
  })
}
