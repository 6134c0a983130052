import type { Tone } from '../../components/tone'
import type { MessageKey } from '../../i18n'
import type { Trial } from './series'

export const STATES: Record<Trial['state'], { word: MessageKey; tone: Tone }> = {
  Pending: { word: 'phase.Pending', tone: 'muted' },
  Running: { word: 'phase.Running', tone: 'accent' },
  Succeeded: { word: 'phase.Succeeded', tone: 'success' },
  Failed: { word: 'phase.Failed', tone: 'error' },
  Pruned: { word: 'sweeps.prunedWord', tone: 'muted' },
}
