import { LABELS } from '../../api/kinds'
import type { Pod } from '../../api/meta'

/** One place of a job that runs in several pods. */
export interface Replica {
  rank: number
  /** None while the pods of the attempt are not made. */
  pod?: Pod
}

const labelled = (pod: Pod, label: string): number => Number(pod.metadata.labels?.[label] ?? 0)

/** The newest attempt, rank by rank; ranks without a pod too. */
export function replicasOf(pods: Pod[], count: number): { attempt: number | undefined; replicas: Replica[] } {
  const attempt = pods.length ? Math.max(...pods.map((pod) => labelled(pod, LABELS.attempt))) : undefined
  const newest = pods.filter((pod) => labelled(pod, LABELS.attempt) === attempt)
  const replicas = Array.from({ length: count }, (_, rank): Replica => {
    const pod = newest.find((one) => labelled(one, LABELS.rank) === rank)
    return { rank, ...(pod && { pod }) }
  })
  return { attempt, replicas }
}
