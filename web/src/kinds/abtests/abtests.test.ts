import { describe, expect, it } from 'vitest'
import type { ABTest, ABTestSpec, ABTestStatus, InferenceService, TrainingJob } from '../../api/generated'
import { translate, type Translate } from '../../i18n'
import { endpoint, feedbackExample, feedbackOf, requestExample } from './address'
import { stepsOf } from './Ancestry'
import { armsOf, leaderOf, leftOf, metricsOf, portions, sharesOf, standingOf, targetOf, testsOf, type Figures } from './arms'
import { promoteLine, terminalLines } from './command'
import { isOver, phaseOf, whyOf } from './phase'
import { rateBehind, shareBehind } from './queries'
import { placeOn, scaleOf, stretchOn } from './scale'
import { chance, differenceWords, knownWords, pValue, portion, secondsOf, signed, sourceWords, untilWords, valueWords } from './words'

const t: Translate = (key, values) => translate('en', key, values)
const bought: ABTestSpec['metrics'][number] = { name: 'bought', minimumEffect: 0.05 }
const latency: ABTestSpec['metrics'][number] = { name: 'latency', direction: 'decrease', source: { builtin: 'latency' } }
const spec: ABTestSpec = {
  variants: [{ name: 'control', service: 'digits', weight: 3 }, { name: 'trees', model: 'models:/digits/8', weight: 1 }],
  key: { header: 'x-user' }, metrics: [latency, bought], primary: 'bought',
}
const test = (status: ABTestStatus = {}, rest: Partial<ABTestSpec> = {}): ABTest => ({ metadata: { name: 't', namespace: 'p' }, spec: { ...spec, ...rest }, status })
const figures = (variant: string, rest: Partial<Figures> = {}): Figures => ({ variant, count: 1000, ...rest })
const measured = (rest: Partial<Figures>, more: ABTestStatus = {}): ABTest => test({ metrics: [{ name: 'bought', variants: [figures('control', { value: 0.1 }), figures('trees', { value: 0.11, effect: 0.1, ...rest })] }], ...more })
const standing = (one: ABTest, metric = bought) => { const arm = armsOf(one, metric)[1]; return arm && standingOf(one, metric, arm) }

describe('a variant', () => {
  it('is better or worse once that is likely enough', () => {
    expect([0.96, 0.94, 0.05, 0.06].map((chanceToWin) => standing(measured({ chanceToWin })))).toEqual(['better', 'open', 'worse', 'open'])
  })
  it('is judged by its p-value and by what is better', () => {
    const worse = { name: 'bought', direction: 'decrease' as const }
    expect([standing(measured({ pValue: 0.01 })), standing(measured({ pValue: 0.01 }), worse), standing(measured({ pValue: 0.2 })), standing(measured({ pValue: 0.01, effect: -0.1 }))]).toEqual(['better', 'worse', 'open', 'worse'])
  })
  it('is not judged with too few subjects, or with a wrong split', () => {
    expect(standing(measured({ chanceToWin: 0.99, count: 99 }))).toBe('open')
    expect(standing(measured({ chanceToWin: 0.99 }, { mismatch: { alarm: true, pValue: 1e-9 } }))).toBe('open')
  })
  it('leads on the metric that decides', () => {
    expect(leaderOf(measured({ chanceToWin: 0.7 }))?.variant).toBe('trees')
    expect(leaderOf(test())).toBeUndefined()
  })
  it('has a share before and after there is a status', () => {
    expect(sharesOf(test())).toEqual([0.75, 0.25])
    expect(sharesOf(test({ variants: [{ name: 'control', service: 'digits', backend: 'digits', share: 0.1 }, { name: 'trees', service: 's', backend: 's', share: 0.9 }] }))).toEqual([0.1, 0.9])
    expect(portions([0, 0])).toEqual([0.5, 0.5])
  })
})

describe('a metric', () => {
  it('comes first when it decides', () => expect(metricsOf(test()).map(({ name }) => name)).toEqual(['bought', 'latency']))
  it('takes as long as its slowest variant', () => {
    const arms = [figures('control', { count: 40 }), figures('a', { detectable: 0.1, secondsLeft: 10, subjectsLeft: 5, count: 60 }), figures('b', { detectable: 0.2, secondsLeft: 90, subjectsLeft: 50, count: 20 })]
    expect(leftOf(arms.map((one, index) => ({ variant: one.variant, isControl: index === 0, index, figures: one })))).toEqual({ have: 60, detectable: 0.2, subjects: 50, seconds: 90 })
    expect(leftOf(armsOf(test(), bought))).toBeUndefined()
  })
  it('has its unit', () => {
    expect([valueWords(bought, 0.1234), valueWords(latency, 0.0124), valueWords({ name: 'a', kind: 'mean' }, 18.43), valueWords(bought, undefined)]).toEqual(['12.3%', '12.4 ms', '18.43', '—'])
    expect([differenceWords(bought, -0.01), differenceWords(latency, 0.002), differenceWords({ name: 'a', kind: 'mean' }, -1.5)]).toEqual(['−1 pp', '+2 ms', '−1.5'])
  })
  it('says what it is made of', () => {
    expect(sourceWords(t, { name: 'a', kind: 'mean', source: { dataset: { name: 'sales@v3', key: 'user', value: 'amount' } } })).toBe('Mean of their sums, column amount of sales@v3')
    expect([sourceWords(t, bought), sourceWords(t, latency)]).toEqual(['Share of subjects above 0, feedback bought', 'Mean latency'])
  })
})

describe('words', () => {
  it('of shares have the digits that tell something', () => {
    expect([portion(0.1234), portion(0.0321), portion(0.00034), portion(1), portion(0), portion(Number.NaN)]).toEqual(['12.3%', '3.21%', '0.034%', '100%', '0%', '—'])
    expect([signed(0.05), signed(-0.0123), signed(0)]).toEqual(['+5%', '−1.23%', '0%'])
  })
  it('of chances are never certain', () => expect([chance(0.9996), chance(0.972), chance(0.0001)]).toEqual(['> 99.9%', '97.2%', '< 0.1%']))
  it('say how it is known', () => {
    expect(knownWords(t, 'better', figures('a', { chanceToWin: 0.972 }))).toEqual({ word: 'Better', how: '97.2% chance to be better' })
    expect(knownWords(t, 'open', figures('a', { pValue: 0.214 })).how).toBe('p = 0.21, valid at any look')
    expect(pValue(0.00001)).toBe('p < 0.001')
  })
  it.each([['30m', 1800], ['2h', 7200], ['1.5d', 129_600], ['90', 90], ['1w', 604_800], ['', undefined], ['soon', undefined], ['0s', undefined], ['-1h', undefined], ['1y', undefined]])('read %j as a length of time', (text, seconds) => expect(secondsOf(text)).toBe(seconds))
  it('of an end', () => {
    expect(untilWords(t, undefined, String)).toBe('When a person ends it')
    expect(untilWords(t, { decided: true, subjects: 5000 }, String)).toBe('when it is decided or at 5,000 subjects of each variant')
  })
})

describe('a ruler', () => {
  it('has room for all intervals, for zero and for round ticks', () => {
    const scale = scaleOf([{ lower: 0.02, upper: 0.1 }])
    expect(scale.low).toBeLessThan(0)
    expect(scale.ticks.map((tick) => Number(tick.toFixed(6)))).toEqual([0, 0.05, 0.1])
    expect([placeOn(scale, scale.low), placeOn(scale, scale.high), placeOn(scale, 99)]).toEqual([0, 100, 100])
  })
  it('says where it cuts off', () => {
    const scale = scaleOf([{ lower: -0.1, upper: 90 }])
    expect(stretchOn(scale, { lower: -0.1, upper: 90 })).toMatchObject({ cutLeft: false, cutRight: true })
    expect(scale.high).toBeLessThan(3)
  })
  it('stands without anything', () => expect(scaleOf([]).ticks.length).toBeGreaterThan(2))
})

describe('a test', () => {
  it('says why it does not run', () => {
    const why = (phase: ABTestStatus['phase'], reason: string) => whyOf(test({ phase, conditions: [{ type: 'Ready', status: 'False', reason, message: 'm', lastTransitionTime: '' }] }))?.tone
    expect([why('Pending', 'VariantNotReady'), why('Pending', 'ServiceNotFound'), why('Running', 'Running'), why('Stopped', 'GuardrailHarmed'), why('Suspended', 'Suspended')]).toEqual(['warning', 'error', undefined, 'error', 'warning'])
    expect([phaseOf(test()), isOver(test({ phase: 'Promoted' })), isOver(test({ phase: 'Suspended' }))]).toEqual(['Pending', true, false])
  })
  it('hands its winner to the service whose place it takes', () => {
    expect([targetOf(test()), targetOf(test({}, { route: 'front' })), targetOf(test({}, { variants: [{ name: 'a', model: 'models:/m/1' }, { name: 'b', model: 'models:/m/2' }] }))]).toEqual(['digits', 'front', undefined])
  })
  it('is found by its services', () => {
    const made = test({ variants: [{ name: 'trees', service: 't-trees', backend: 't-trees', share: 1 }] }, { route: 'front' })
    expect(['digits', 'front', 't-trees', 'else'].map((name) => testsOf([made], name).length)).toEqual([1, 1, 1, 0])
  })
  it('comes from data, jobs, models and services', () => {
    const service: InferenceService = { metadata: { name: 'digits' }, spec: { model: 'models:/digits/7' }, status: { runId: 'r' } }
    const job = { metadata: { name: 'train' }, spec: { command: ['x'] }, status: { runId: 'r', datasets: [{ name: 'd', version: 'v1' }] } } as unknown as TrainingJob
    expect(stepsOf(test(), 'p', [service], [job]).map((group) => group.map(({ label }) => label))).toEqual([['d @ v1'], ['train'], ['models:/digits/8'], ['digits'], ['t']])
  })
  it('is asked with its key, and told by the id of a request', () => {
    const url = endpoint(test({ url: '/serve/p/t' }), 'p', 'http://g')
    expect(url).toBe('http://g/serve/p/t/')
    expect(requestExample(test(), url)).toContain("-H 'x-user: someone'")
    expect(requestExample(test({}, { key: { cookie: 'uid' } }), url)).toContain("-H 'cookie: uid=someone'")
    expect(feedbackOf(test())?.name).toBe('bought')
    expect(feedbackExample({ name: 'a', source: { feedback: 'b' } }, 'my project', 'http://d')).toContain(`feedback?project=my%20project`)
  })
  it('is steered from a terminal, too', () => {
    expect(promoteLine(test(), 'trees')).toBe('dais abtest promote t --variant trees')
    expect(terminalLines(test({}, { suspend: true }))).toEqual(['dais abtest show t', 'dais abtest resume t', 'dais abtest stop t', 'dais abtest promote t'])
    expect(terminalLines(test({ phase: 'Promoted' }, { promote: 'trees' }))).toEqual(['dais abtest show t'])
  })
  it('is counted at both addresses', () => {
    expect(rateBehind('p', test({}, { route: 'a.b' }), 'digits')).toBe('sum(rate(dais_gateway_backend_requests_total{namespace="p",service=~"t|a\\\\.b",backend="digits"}[2m]))')
    expect(shareBehind('p', test(), 'digits')).toContain('/ sum(rate(dais_gateway_backend_requests_total{namespace="p",service=~"t"}[2m]))')
  })
})
