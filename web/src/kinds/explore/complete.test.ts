import { describe, expect, it } from 'vitest'
import { fitting, placeAt, taken, type Suggestion } from './complete'

/** `|` is the cursor. */
function at(marked: string) {
  const cursor = marked.indexOf('|')
  return placeAt(marked.replace('|', ''), cursor)
}

describe('what may stand at the cursor', () => {
  it.each([
    ['|', { kind: 'expression' }, ''],
    ['sum(ra|', { kind: 'expression' }, 'ra'],
    ['sum by (na|) (up)', { kind: 'label', metric: undefined }, 'na'],
    ['sum by (na|) (rate(node_cpu_seconds_total[1m]))', { kind: 'label', metric: 'node_cpu_seconds_total' }, 'na'],
    ['a * on (ns|', { kind: 'label', metric: undefined }, 'ns'],
    ['up{|', { kind: 'label', metric: 'up' }, ''],
    ['up{job="a", in|}', { kind: 'label', metric: 'up' }, 'in'],
    ['up{job="a|', { kind: 'value', label: 'job', metric: 'up' }, 'a'],
    ['up{job=~"a(|', { kind: 'value', label: 'job', metric: 'up' }, 'a('],
    ['{__name__="|', { kind: 'value', label: '__name__', metric: undefined }, ''],
    ['up{job|="a"}', { kind: 'label', metric: 'up' }, 'job'],
    ['up{job="a"|}', { kind: 'nothing' }, ''],
    ['rate(up[5|', { kind: 'range' }, '5'],
    ['label_replace(up, "a|', { kind: 'nothing' }, 'a'],
    ['up{job="a\\"|', { kind: 'value', label: 'job', metric: 'up' }, 'a\\"'],
    ['up{job="a"} + no|', { kind: 'expression' }, 'no'],
  ])('%s', (marked, wanted, word) => {
    expect(at(marked)).toMatchObject({ wanted, word })
  })
})

describe('suggestions', () => {
  const all: Suggestion[] = [{ text: 'node_load1', kind: 'metric' }, { text: 'up', kind: 'metric' }, { text: 'load', kind: 'metric' }]
  it('begin with the word first, then contain it', () => {
    expect(fitting(all, 'lo').map((one) => one.text)).toEqual(['load', 'node_load1'])
    expect(fitting(all, 'up')).toEqual([])
  })
  it('take the place of the word under way', () => {
    const take = (marked: string, one: Suggestion) => { const cursor = marked.indexOf('|'); const text = marked.replace('|', ''); const done = taken(text, cursor, placeAt(text, cursor), one); return `${done.text.slice(0, done.cursor)}|${done.text.slice(done.cursor)}` }
    expect(take('sum(no|)', { text: 'node_load1', kind: 'metric' })).toBe('sum(node_load1|)')
    expect(take('ra|', { text: 'rate', kind: 'function' })).toBe('rate(|)')
    expect(take('ra|(up[1m])', { text: 'rate', kind: 'function' })).toBe('rate(|up[1m])')
    expect(take('up{job="a|"}', { text: 'a"b', kind: 'value' })).toBe('up{job="a\\"b|"}')
  })
})
