import type { TrainingJob } from '../../api/generated'
import { useSince } from '../../components/address'

const MARGIN = 30
const SHORTEST = 120

interface Life {
  seconds: number
  /** Seconds since the epoch; undefined while it goes on. */
  end?: number
}

/** The stretch of time in which a job ran, with a margin. */
export function lifeOf(job: TrainingJob): Life {
  const start = Date.parse(job.status?.startTime ?? job.metadata.creationTimestamp ?? '') / 1000
  const ended = job.status?.completionTime
  const end = ended ? Date.parse(ended) / 1000 + MARGIN : undefined
  const now = Date.now() / 1000
  const seconds = Math.max(SHORTEST, (end ?? now) - (Number.isFinite(start) ? start : now) + MARGIN)
  return { seconds: Math.ceil(seconds / MARGIN) * MARGIN, ...(end !== undefined && { end }) }
}

/** A job that is over is drawn whole; one that runs, at most as far back as the time range. */
export function useLife(job: TrainingJob): Life {
  const { seconds } = useSince()
  const life = lifeOf(job)
  return life.end === undefined ? { seconds: Math.min(seconds, life.seconds) } : life
}
