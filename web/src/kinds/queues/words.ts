import type { QueueView } from '../../api/queues'
import type { Tone } from '../../components/tone'
import type { MessageKey } from '../../i18n'

/** Each of the choices of a queue, in words. */
export const STOP: Record<QueueView['stopPolicy'], { word: MessageKey; tone: Tone }> = {
  None: { word: 'queues.open', tone: 'success' },
  Hold: { word: 'queues.held', tone: 'warning' },
  HoldAndDrain: { word: 'queues.drained', tone: 'warning' },
}

export const STRATEGY: Record<QueueView['strategy'], MessageKey> = {
  BestEffortFIFO: 'queues.bestEffort',
  StrictFIFO: 'queues.strict',
}

export const PREEMPTION: Record<QueueView['preemption'], MessageKey> = {
  Never: 'queues.never',
  LowerPriority: 'queues.lowerPriority',
}

/** Address of a queue's page. */
export const queueAt = (name: string): string => `/queues/${encodeURIComponent(name)}`
