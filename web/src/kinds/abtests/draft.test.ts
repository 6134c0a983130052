import { describe, expect, it } from 'vitest'
import { BLANK, NEW_METRIC, primaryOf, testOf, type TestDraft } from './draft'
import { placeOf } from './places'
import { startingWith } from './start'

const variants: TestDraft['variants'] = [{ name: 'control', serves: 'service', service: 'a', model: 'models:/m/1', weight: 90 }, { name: 'b', serves: 'model', service: 'x', model: 'models:/m/2', weight: 10 }]
const draft = (rest: Partial<TestDraft> = {}): TestDraft => ({ ...BLANK, name: 't', key: 'x-user', variants, metrics: [{ ...NEW_METRIC, name: 'bought' }], ...rest })

describe('a draft', () => {
  it('is as small as it can be', () => {
    expect(testOf(draft(), 'p')).toEqual({
      apiVersion: 'dais.io/v1alpha1', kind: 'ABTest', metadata: { name: 't', namespace: 'p' },
      spec: { variants: [{ name: 'control', service: 'a', weight: 90 }, { name: 'b', model: 'models:/m/2', weight: 10 }], key: { header: 'x-user' }, metrics: [{ name: 'bought', direction: 'increase' }], primary: 'bought' },
    })
  })
  it('has percents as parts', () => {
    const { spec } = testOf(draft({ metrics: [
      { ...NEW_METRIC, name: 'bought', minimumEffect: 7, before: 'feedback', beforeFeedback: 'was' },
      { ...NEW_METRIC, name: 'amount', kind: 'mean', source: 'dataset', dataset: { name: 'sales@v3', whose: 'requestId', column: 'id', value: 'amount', time: 'at' }, guard: 'amount', maxWorse: 1.5 },
      { ...NEW_METRIC, name: 'errors', source: 'errors', direction: 'decrease', guard: 'amount', maxWorse: 1, before: 'feedback', beforeFeedback: 'left over' },
      { ...NEW_METRIC, name: 'latency', source: 'latency', direction: 'decrease', guard: 'share', maxWorse: 20, kind: 'mean' },
    ], primary: 'amount' }), 'p')
    expect(spec.metrics).toEqual([
      { name: 'bought', direction: 'increase', covariate: { feedback: 'was' }, minimumEffect: 0.07 },
      { name: 'amount', kind: 'mean', direction: 'increase', source: { dataset: { name: 'sales@v3', requestId: 'id', value: 'amount', time: 'at' } } },
      { name: 'errors', direction: 'decrease', source: { builtin: 'errors' } },
      { name: 'latency', direction: 'decrease', source: { builtin: 'latency' } },
    ])
    expect(spec.guardrails).toEqual([{ metric: 'amount', maxWorseBy: 1.5 }, { metric: 'errors', maxWorseBy: 0.01 }, { metric: 'latency', maxWorse: 0.2 }])
    expect(spec.primary).toBe('amount')
  })
  it('has a ramp, an end, an analysis, a bandit and a shadow where they are asked for', () => {
    const { spec } = testOf(draft({
      keyFrom: 'body', key: '/user', route: 'front', exclude: ['me'], ramp: [{ percent: 5, lasts: '1h' }], window: '2d', alpha: 1, chanceToWin: 99, tuning: 100, minSubjects: null,
      decided: true, endSubjects: 5000, weights: 'bandit', every: '10m', minPercent: 2, shadow: 'model', shadowModel: 'models:/m/3', shadowService: 'left over', shadowPercent: 20, ignore: ['/id'],
    }), 'p')
    expect(spec).toMatchObject({
      key: { body: '/user' }, route: 'front', exclude: ['me'], ramp: [{ percent: 5, seconds: 3600 }], windowSeconds: 172_800, analysis: { tuning: 100, alpha: 0.01 },
      until: { subjects: 5000 }, bandit: { everySeconds: 600, minPercent: 2 }, shadow: { model: 'models:/m/3', percent: 20, ignore: ['/id'] },
    })
    expect(spec.analysis).not.toHaveProperty('chanceToWin')
    expect(spec.until).not.toHaveProperty('decided')
    expect(spec.shadow).not.toHaveProperty('service')
  })
  it('ends once it is decided by figures that hold at every look alone', () => {
    const ends = (rest: Partial<TestDraft>) => testOf(draft({ decided: true, ...rest }), 'p').spec.until?.decided
    expect([ends({}), ends({ engine: 'bayesian' }), ends({ weights: 'bandit' })]).toEqual([true, undefined, undefined])
    expect(testOf(draft({ engine: 'bayesian', chanceToWin: 99 }), 'p').spec.analysis).toEqual({ engine: 'bayesian', chanceToWin: 0.99 })
  })
  it('is decided by the first metric, unless another one is chosen that is still there', () => {
    const metrics = [{ name: 'a' }, { name: 'b' }]
    expect([primaryOf({ metrics }), primaryOf({ metrics, primary: 'b' }), primaryOf({ metrics, primary: 'gone' }), primaryOf({ metrics: [] })]).toEqual(['a', 'b', 'a', ''])
  })
  it('begins with what its address names', () => {
    const { variants: found } = startingWith(new URLSearchParams('service=a&model=models:/m/2&model=models:/m/3'))
    expect(found.map(({ name, serves, service, model }) => [name, serves, service ?? model])).toEqual([['control', 'service', 'a'], ['challenger', 'model', 'models:/m/2'], ['challenger-2', 'model', 'models:/m/3']])
    expect(startingWith(new URLSearchParams())).toEqual(BLANK)
  })
})

describe('what the API refuses', () => {
  const full = draft({ ramp: [{}], metrics: [{ ...NEW_METRIC, name: 'a' }, { ...NEW_METRIC, name: 'b', guard: 'share' }] })
  const at = (field: string, message = '') => JSON.stringify(placeOf(full, { field, message }))
  it.each([
    ['metadata.name', '"name"'], ['spec.variants[1].service', '["variants",1,"service"]'], ['spec.variants[0].weight', '["variants",0,"weight"]'], ['spec.variants', '["variants",0,"name"]'],
    ['spec.key.header', '"key"'], ['spec.metrics[1].source.feedback', '["metrics",1,"feedback"]'], ['spec.metrics[1].source.dataset.key', '["metrics",1,"dataset","column"]'], ['spec.metrics[0].covariate.dataset', '["metrics",0,"beforeDataset","name"]'],
    ['spec.metrics[0].minimumEffect', '["metrics",0,"minimumEffect"]'], ['spec.guardrails[0].maxWorse', '["metrics",1,"maxWorse"]'], ['spec.ramp[0].seconds', '["ramp",0,"lasts"]'], ['spec.ramp[0].percent', '["ramp",0,"percent"]'],
    ['spec.analysis.alpha', '"alpha"'], ['spec.until.time', '"endTime"'], ['spec.bandit.everySeconds', '"every"'], ['spec.shadow.percent', '"shadowPercent"'], ['spec.windowSeconds', '"window"'],
  ])('%s is said at its field', (field, place) => expect(at(field)).toBe(place))
  it('is placed by its words where it is about the whole', () => {
    expect([at('spec', 'spec.primary: name one of spec.metrics'), at('', 'spec.variants: give each variant a name of its own'), at('<nil>', 'Invalid value: spec.key: set exactly one of header, cookie and body'), at('spec', 'what?')]).toEqual(['"primary"', '["variants",0,"name"]', '"key"', undefined])
  })
})
