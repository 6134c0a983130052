import { useQuery } from '@tanstack/react-query'
import type { QueueSpec } from './generated'
import { optional } from './optional'

/** A job in a queue. Of another project that this person may not see, only what it takes. */
export interface QueuedJob {
  priority: number
  replicas: number
  /** Resource names and quantities, over all replicas. */
  wants: Record<string, string>
  created?: string
  name?: string
  project?: string
  user?: string | null
}

export interface WaitingJob extends QueuedJob {
  /** From 1. */
  place: number
  reason?: string
  message?: string
}

export interface HoldingJob extends QueuedJob {
  /** On its way out. */
  isLeaving: boolean
  since?: string | null
}

export interface QueueResource {
  name: string
  nominalQuota: string | number
  borrowingLimit?: string | number | null
  used: string
  borrowed: string
}

/** A queue as this person may see it. */
export interface QueueView {
  name: string
  cohort?: string | null
  strategy: NonNullable<QueueSpec['strategy']>
  preemption: NonNullable<QueueSpec['preemption']>
  stopPolicy: NonNullable<QueueSpec['stopPolicy']>
  /** Those of its projects that this person may see. */
  projects: string[]
  isForAll: boolean
  created?: string
  resources: QueueResource[]
  line: WaitingJob[]
  holders: HoldingJob[]
}

const REFRESH_MS = 3000
const queuesOf = (answer: { queues: QueueView[] }): QueueView[] => answer.queues

/** The queues that this person may use, with who runs and who waits. */
export function useQueues(enabled = true) {
  return useQuery({ ...optional<{ queues: QueueView[] }>(['queues'], '/api/queues', REFRESH_MS), select: queuesOf, enabled })
}
