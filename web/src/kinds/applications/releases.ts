import { useMemo } from 'react'
import type { Application } from '../../api/generated'
import { APPLICATIONS, CONTROLLER_REVISIONS, LABELS } from '../../api/kinds'
import type { ControllerRevision } from '../../api/meta'
import { useList, type Listed } from '../../api/useKube'

/** One release, as the platform wrote it down. */
export interface Release {
  number: number
  time: string | undefined
  spec: unknown
  /** What is different from the release before, a line each. */
  changes: string[]
  /** Empty where nobody changed the specification, as when a Secret changed. */
  by: string
  cause?: string
}

const MOST = 50
const SHOWN = 80

export function releaseOf({ metadata, revision, data }: ControllerRevision): Release {
  const { spec = {}, changes = [], by = '', cause } = (data ?? {}) as Partial<Release>
  return { number: revision, time: metadata.creationTimestamp, spec, changes, by, ...(cause && { cause }) }
}

/** The releases that are kept, newest first. */
export function useReleases(project: string, app: Application | undefined): Listed<Release> {
  const all = useList(CONTROLLER_REVISIONS, { namespace: project, labels: `${LABELS.kind}=${APPLICATIONS.kind}`, live: 5000 })
  const uid = app?.metadata.uid
  const data = useMemo(
    () => all.data?.filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid)).map(releaseOf).toSorted((a, b) => b.number - a.number),
    [all.data, uid],
  )
  return { data, error: all.error, isPending: all.isPending, refetch: all.refetch } as Listed<Release>
}

/** Every plain value by its path; entries of lists by their names. */
function flat(value: unknown, path = '', found = new Map<string, string>()): Map<string, string> {
  const isList = Array.isArray(value) && value.some((one) => typeof one === 'object' && one !== null)
  if (isList) for (const [index, one] of value.entries()) flat(one, `${path}[${String((one as { name?: string } | null)?.name ?? index)}]`, found)
  else if (typeof value === 'object' && value !== null && !Array.isArray(value)) for (const [key, one] of Object.entries(value)) flat(one, path ? `${path}.${key}` : key, found)
  else found.set(path, JSON.stringify(value))
  return found
}

const shown = (text: string | undefined) => (text && text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text)

export interface Difference {
  path: string
  was?: string | undefined
  is?: string | undefined
}

/** What is different between two specifications. */
export function between(old: unknown, next: unknown): Difference[] {
  const [before, after] = [flat(old), flat(next)]
  return [...new Set([...before.keys(), ...after.keys()])].filter((path) => before.get(path) !== after.get(path)).toSorted()
    .slice(0, MOST).map((path) => ({ path, was: shown(before.get(path)), is: shown(after.get(path)) }))
}
