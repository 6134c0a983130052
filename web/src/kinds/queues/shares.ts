import type { QueuedJob, QueueResource, QueueView, WaitingJob } from '../../api/queues'
import type { Tone } from '../../components/tone'
import type { Translate } from '../../i18n'
import { bytes, number, quantity } from '../../i18n/format'

/** One resource of one queue, in numbers. */
export interface Share {
  name: string
  /** What is the queue's. */
  own: number
  used: number
  /** Of what is used, what is beyond its own. */
  borrowed: number
  /** What it may take in all, if the others of its cohort take nothing. */
  most: number
  /** What can be had now. */
  free: number
}

const valueOf = (value: string | number | null | undefined): number => quantity(value ?? undefined) ?? 0

/** `queue` and the queues that lend to it. */
export function membersOf(queue: QueueView, all: QueueView[]): QueueView[] {
  return queue.cohort ? all.filter((one) => one.cohort === queue.cohort) : [queue]
}

/**
 * What a queue has, as the platform counts: its own, and of its cohort's unused as
 * much as its limit allows. Queues of the cohort that this person does not see are
 * not counted: with such, `most` and `free` are what is known and not all there is.
 */
export function sharesOf(queue: QueueView, all: QueueView[]): Share[] {
  const members = membersOf(queue, all)
  return queue.resources.map((resource) => {
    const { name } = resource
    const [own, used, borrowed] = [valueOf(resource.nominalQuota), valueOf(resource.used), valueOf(resource.borrowed)]
    const same = members.flatMap((member) => member.resources.filter((one) => one.name === name))
    const together = sum(same, (one) => valueOf(one.nominalQuota))
    const taken = sum(same, (one) => valueOf(one.used))
    const limit = resource.borrowingLimit
    const most = !queue.cohort ? own : limit === undefined || limit === null ? together : own + valueOf(limit)
    return { name, own, used, borrowed, most, free: Math.max(0, Math.min(most - used, together - taken)) }
  })
}

const sum = (of: QueueResource[], value: (one: QueueResource) => number) => of.reduce((total, one) => total + value(one), 0)

export interface CohortShare {
  name: string
  own: number
  used: number
  /** What its queues have taken of each other's. */
  lent: number
}

/** What the queues of a cohort have together; resources in the order in which they appear. */
export function cohortShares(members: QueueView[]): CohortShare[] {
  const found = new Map<string, CohortShare>()
  for (const { name, nominalQuota, used, borrowed } of members.flatMap((member) => member.resources)) {
    const share = found.get(name) ?? { name, own: 0, used: 0, lent: 0 }
    found.set(name, { name, own: share.own + valueOf(nominalQuota), used: share.used + valueOf(used), lent: share.lent + valueOf(borrowed) })
  }
  return [...found.values()]
}

export interface Place {
  queue: QueueView
  job: WaitingJob
  /** Those in front of it. */
  ahead: WaitingJob[]
}

/** Where a job stands in the line of its queue. */
export function placeInLine(queues: QueueView[], project: string, name: string): Place | undefined {
  for (const queue of queues) {
    const job = queue.line.find((one) => one.name === name && one.project === project)
    if (job) return { queue, job, ahead: queue.line.filter((one) => one.place < job.place) }
  }
  return undefined
}

/** Queues that jobs of `project` may use. */
export const usableBy = (queues: QueueView[], project: string): QueueView[] =>
  queues.filter(({ isForAll, projects }) => isForAll || projects.includes(project))

export const wantedOf = (job: QueuedJob, name: string): number => valueOf(job.wants[name])

const isBytes = (name: string) => /memory|storage|hugepages/.test(name)
export const toneOf = (name: string): Tone => (name.includes('/') ? 'accelerator' : 'accent')

export function resourceWords(t: Translate, name: string): string {
  return name === 'cpu' ? t('field.cpu') : name === 'memory' ? t('field.memory') : name
}

/** An amount without its name: "2", "16 GiB". */
export const amountWords = (name: string, value: number): string => (isBytes(name) ? bytes(value) : number(value, 2))

/** "4 cores · 16 GiB · 2 nvidia.com/gpu". */
export function wantsWords(t: Translate, wants: Record<string, string>): string {
  const words = Object.entries(wants).map(([name, amount]) => {
    const value = valueOf(amount)
    if (name === 'cpu') return t('unit.cores', { n: number(value, 2) })
    return isBytes(name) ? bytes(value) : `${number(value, 0)} ${name}`
  })
  return words.join(' · ')
}
