import type { Cause } from '../../api/http'
import type { Place } from '../../components/useSubmit'
import { guarded, type TestDraft } from './draft'

const PLACES: [RegExp, keyof TestDraft][] = [
  [/^metadata\.name/, 'name'], [/^spec\.route/, 'route'], [/^spec\.key/, 'key'], [/^spec\.salt/, 'salt'], [/^spec\.exclude/, 'exclude'], [/^spec\.primary/, 'primary'],
  [/^spec\.analysis\.chanceToWin/, 'chanceToWin'], [/^spec\.analysis\.alpha/, 'alpha'], [/^spec\.analysis\.power/, 'power'], [/^spec\.analysis\.minSubjects/, 'minSubjects'], [/^spec\.analysis\.tuning/, 'tuning'], [/^spec\.analysis/, 'engine'],
  [/^spec\.windowSeconds/, 'window'],
  [/^spec\.until\.time/, 'endTime'], [/^spec\.until\.subjects/, 'endSubjects'], [/^spec\.until\.requests/, 'endRequests'], [/^spec\.until/, 'decided'],
  [/^spec\.bandit\.everySeconds/, 'every'], [/^spec\.bandit\.minPercent/, 'minPercent'], [/^spec\.bandit\.minSubjects/, 'banditSubjects'], [/^spec\.bandit/, 'weights'],
  [/^spec\.shadow\.service/, 'shadowService'], [/^spec\.shadow\.model/, 'shadowModel'], [/^spec\.shadow\.tolerance/, 'tolerance'], [/^spec\.shadow\.ignore/, 'ignore'], [/^spec\.shadow/, 'shadowPercent'],
]

const COLUMNS: Record<string, string> = { name: 'name', key: 'column', requestId: 'column', value: 'value', time: 'time' }

/** Below `spec.metrics[n].`: where a field stands in the row of its metric. */
function inMetric(rest: string): (string | number)[] {
  const [, of, column] = /^(source|covariate)\.dataset(?:\.(\w+))?/.exec(rest) ?? []
  if (of) return [of === 'source' ? 'dataset' : 'beforeDataset', COLUMNS[column ?? ''] ?? 'name']
  if (rest.startsWith('covariate')) return ['beforeFeedback']
  if (rest.startsWith('source.feedback')) return ['feedback']
  if (rest.startsWith('source')) return ['source']
  return [/^(kind|direction|minimumEffect)/.exec(rest)?.[1] ?? 'name']
}

const row = (text: string, list: string): [number, string] | undefined => {
  const [, place, rest = ''] = new RegExp(`^spec\\.${list}(?:\\[(\\d+)\\])?\\.?(.*)`).exec(text) ?? []
  return new RegExp(`^spec\\.${list}\\b`).test(text) ? [Number(place ?? 0), rest] : undefined
}

/** What a rule over the whole specification is about, which it names in its words. */
const named = (message: string): string => /\b(?:spec|metadata)\.\w.*/.exec(message)?.[0] ?? ''

/** The field of the form that `cause` is about. */
export function placeOf(draft: TestDraft, { field, message }: Cause): Place | undefined {
  const text = field && /^(?:spec|metadata)\./.test(field) ? field : named(message)
  const variant = row(text, 'variants')
  if (variant) return ['variants', variant[0], /^(service|model|weight)/.exec(variant[1])?.[1] ?? 'name']
  const metric = row(text, 'metrics')
  if (metric) return ['metrics', metric[0], ...inMetric(metric[1])]
  const step = row(text, 'ramp')
  if (step) return draft.ramp.length > 0 ? ['ramp', step[0], step[1].startsWith('percent') ? 'percent' : 'lasts'] : undefined
  const guardrail = row(text, 'guardrails')
  if (guardrail) {
    const guard = guarded(draft.metrics)[guardrail[0]]
    return guard && ['metrics', draft.metrics.indexOf(guard), guardrail[1].startsWith('metric') ? 'name' : 'maxWorse']
  }
  return PLACES.find(([pattern]) => pattern.test(text))?.[1]
}
