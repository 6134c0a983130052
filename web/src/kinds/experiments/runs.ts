import type { Run } from '../../api/mlflow'
import type { Tone } from '../../components/tone'
import type { MessageKey } from '../../i18n'

export const runName = (run: Run): string => run.info.run_name || run.info.run_id.slice(0, 8)

export const seconds = (run: Run): number | undefined => {
  const start = Number(run.info.start_time)
  if (!start) return undefined
  const end = Number(run.info.end_time)
  return ((end || Date.now()) - start) / 1000
}

const STATES: Record<string, { word: MessageKey; tone: Tone }> = {
  RUNNING: { word: 'phase.Running', tone: 'accent' },
  SCHEDULED: { word: 'phase.Pending', tone: 'muted' },
  FINISHED: { word: 'phase.Succeeded', tone: 'success' },
  FAILED: { word: 'phase.Failed', tone: 'error' },
  KILLED: { word: 'runs.killed', tone: 'warning' },
}

export const runState = (run: Run): { word: MessageKey; tone: Tone } =>
  STATES[run.info.status ?? ''] ?? { word: 'word.unknown', tone: 'muted' }

export const metricOf = (run: Run, key: string): number | undefined => run.data.metrics?.find((one) => one.key === key)?.value
export const paramOf = (run: Run, key: string): string | undefined => run.data.params?.find((one) => one.key === key)?.value

/** Keys that any of `runs` has, the commonest first. */
export function keysOf(runs: Run[], part: 'metrics' | 'params'): string[] {
  const counts = new Map<string, number>()
  for (const run of runs) for (const { key } of run.data[part] ?? []) counts.set(key, (counts.get(key) ?? 0) + 1)
  return [...counts].toSorted(([a, x], [b, y]) => y - x || a.localeCompare(b)).map(([key]) => key)
}
