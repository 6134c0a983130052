import type { Queue, QueueSpec } from '../../api/generated'
import type { QueueView } from '../../api/queues'

/** What the form holds. */
export interface QueueDraft {
  name: string
  resources?: { name?: string; nominalQuota?: string; borrowingLimit?: string }[]
  cohort?: string
  strategy: QueueView['strategy']
  preemption: QueueView['preemption']
  stopPolicy: QueueView['stopPolicy']
  projects?: string[]
}

export const BLANK: Partial<QueueDraft> = {
  resources: [{ name: 'cpu' }], strategy: 'BestEffortFIFO', preemption: 'Never', stopPolicy: 'None',
}

export function draftOf({ name, resources, cohort, strategy, preemption, stopPolicy, projects }: QueueView): QueueDraft {
  const text = (value: string | number | null | undefined) => (value === undefined || value === null ? {} : { borrowingLimit: String(value) })
  return {
    name, strategy, preemption, stopPolicy, projects, ...(cohort && { cohort }),
    resources: resources.map((one) => ({ name: one.name, nominalQuota: String(one.nominalQuota), ...text(one.borrowingLimit) })),
  }
}

/** Rows that name nothing are left out. */
function specOf(draft: QueueDraft): QueueSpec {
  const { cohort, strategy, preemption, stopPolicy, projects = [], resources = [] } = draft
  const rows = resources.flatMap(({ name, nominalQuota = '0', borrowingLimit }) => (name ? [{ name, nominalQuota, ...(borrowingLimit && { borrowingLimit }) }] : []))
  return { resources: rows, strategy, preemption, stopPolicy, projects, ...(cohort && { cohort }) }
}

export function queueOf(draft: QueueDraft): Queue {
  return { apiVersion: 'dais.io/v1alpha1', kind: 'Queue', metadata: { name: draft.name }, spec: specOf(draft) }
}

/** As a merge patch: what was emptied is taken away. */
export function patchOf(draft: QueueDraft): { spec: Omit<QueueSpec, 'cohort'> & { cohort: string | null } } {
  return { spec: { ...specOf(draft), cohort: draft.cohort || null } }
}

type Cell = 'name' | 'nominalQuota' | 'borrowingLimit'
type Place = keyof QueueDraft | ['resources', number, Cell]

/** Where a field of the specification stands in the form. */
export function placeOf(field: string | undefined): Place | undefined {
  const row = /^spec\.resources\[(\d+)\]\.(name|nominalQuota|borrowingLimit)/.exec(field ?? '')
  if (row) return ['resources', Number(row[1]), row[2] as Cell]
  const name = /^(?:metadata|spec)\.(name|cohort|strategy|preemption|stopPolicy|projects)\b/.exec(field ?? '')?.[1]
  return name as keyof QueueDraft | undefined
}
