import { useMemo } from 'react'
import { useLabelNames, useLabelValues } from '../../api/prom'
import { useFilters } from '../../components/filters'
import { AGGREGATORS, fitting, FUNCTIONS, RANGES, type Place, type Suggestion } from './complete'
import { offered } from './examples'

const as = (kind: Suggestion['kind']) => (text: string): Suggestion => ({ text, kind })
const CALLS = [...AGGREGATORS, ...FUNCTIONS].map(as('function'))

/** What could stand at the cursor, out of what is measured; empty while that is asked. */
export function useSuggestions({ wanted, word }: Place, enabled: boolean): Suggestion[] {
  const { kind } = wanted
  const filters = useFilters()
  const label = kind === 'value' ? wanted.label : ''
  const metric = kind === 'label' || kind === 'value' ? wanted.metric : undefined
  const metrics = useLabelValues('__name__', undefined, enabled && kind === 'expression').data
  const labels = useLabelNames(metric, enabled && kind === 'label').data
  const values = useLabelValues(label, metric, enabled && kind === 'value').data
  return useMemo(() => {
    if (!enabled) return []
    if (kind === 'expression') return word ? fitting([...CALLS, ...(metrics ?? []).map(as('metric'))], word) : []
    if (kind === 'label') return fitting(offered((labels ?? []).filter((one) => one !== '__name__').map(as('label')), filters, label), word)
    if (kind === 'value') return fitting(offered((values ?? []).map(as('value')), filters, label), word)
    return kind === 'range' ? fitting(RANGES.map(as('range')), word) : []
  }, [enabled, kind, word, metrics, labels, values, filters, label])
}
