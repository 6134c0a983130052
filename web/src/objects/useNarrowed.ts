import { useMemo } from 'react'
import { useInstant } from '../api/prom'
import { isNarrowed, type Filters } from '../components/filters'
import { useRange } from '../components/range'
import type { Machine } from './machines'
import { machinesOf, podsOf } from './queries/whose'

/** `project/pod` of all that the filters ask for; undefined when they ask for everything. None while that is asked. */
export function useNarrowedPods(filters: Filters): Set<string> | undefined {
  const { end } = useRange()
  const narrowed = isNarrowed(filters)
  const found = useInstant(podsOf(filters), narrowed, end).data
  return useMemo(() => (narrowed ? new Set(found?.map(({ labels }) => `${labels.namespace}/${labels.pod}`)) : undefined), [narrowed, found])
}

/** The machine that is asked for, and those on which the application's or the person's pods run. */
export function useNarrowedMachines(machines: Machine[] | undefined, filters: Filters): Machine[] | undefined {
  const { end } = useRange()
  const byPods = isNarrowed({ ...filters, node: '' })
  const found = useInstant(machinesOf(filters), byPods, end)
  return useMemo(() => {
    if (byPods && !found.data && !found.error) return undefined
    const names = byPods ? new Set(found.data?.map(({ labels }) => labels.node)) : undefined
    return machines?.filter(({ name }) => (!filters.node || name === filters.node) && (!names || names.has(name)))
  }, [machines, byPods, found.data, found.error, filters.node])
}
