// Made-up A/B tests: one that is open, one with a winner, one whose split is wrong, one that follows its metric, and more.

export function abtests(object, condition, ago, project) {
  const bought = { name: 'bought', direction: 'increase', minimumEffect: 0.05, covariate: { feedback: 'bought-before' } }
  const amount = { name: 'amount', kind: 'mean', direction: 'increase', source: { dataset: { name: 'transactions-2026q3@v1', key: 'user_id', value: 'amount', time: 'paid_at' } }, minimumEffect: 0.1 }
  const errors = { name: 'errors', direction: 'decrease', source: { builtin: 'errors' } }
  const latency = { name: 'latency', direction: 'decrease', source: { builtin: 'latency' } }
  const two = [{ name: 'control', service: 'digits', weight: 90 }, { name: 'challenger', model: 'models:/digits/8', weight: 10 }]
  const served = (name, service, share, subjects, more = {}) => ({ name, service, backend: service, share, subjects, subjectsBefore: 0, requests: Math.round(subjects * 2.4), failures: Math.round(subjects * 0.008), ready: true, ...more })
  const control = (count, value) => ({ variant: 'control', count, value })
  const bayes = (variant, count, value, effect, half, chanceToWin, more = {}) => ({ variant, count, value, effect, interval: { lower: effect - half, upper: effect + half }, chanceToWin, risk: 0.002, detectable: half * 1.4, ...more })
  const running = condition('Ready', 'True', 'Running', 'requests are shared out', 80_000)
  const test = (name, age, spec, status, by = 'user-17') => object('ABTest', project, name, age, by, {
    body: {
      spec: { variants: two, key: { header: 'x-user-id' }, metrics: [bought, amount, errors, latency], primary: 'bought', guardrails: [{ metric: 'errors', maxWorseBy: 0.01 }, { metric: 'latency', maxWorse: 0.2 }], ...spec },
      status: { url: `/serve/${project}/${name}`, observedGeneration: 1, serving: 'control', salt: name, crossed: 0, ...status },
    },
  })
  const counted = (a, b) => ({ subjects: a + b, requests: Math.round((a + b) * 2.4), outcomes: { joined: Math.round((a + b) * 0.14), late: 31, waiting: 12, dropped: 0 }, variants: [served('control', 'digits', 0.9, a, { model: 'models:/digits/7' }), served('challenger', 'digits-test-challenger-0000aaaa', 0.1, b, { model: 'models:/digits/8' })] })
  const open = [
    { name: 'bought', variants: [control(45_213, 0.1187), bayes('challenger', 5041, 0.1231, 0.0371, 0.0812, 0.813, { secondsLeft: 340_000, subjectsLeft: 61_000 })] },
    { name: 'amount', variants: [control(45_213, 18.43), bayes('challenger', 5041, 18.61, 0.0098, 0.134, 0.556, { secondsLeft: 980_000, subjectsLeft: 181_000 })] },
    { name: 'errors', variants: [control(45_213, 0.0082), bayes('challenger', 5041, 0.0079, -0.036, 0.31, 0.59)] },
    { name: 'latency', variants: [control(45_213, 0.0124), bayes('challenger', 5041, 0.0151, 0.218, 0.03, 0.0004)] },
  ]
  const fine = [{ metric: 'errors', variant: 'challenger', verdict: 'Fine', improvement: 0.0003, interval: { lower: -0.0041, upper: 0.0048 }, maxWorse: 0.01, isAbsolute: true }, { metric: 'latency', variant: 'challenger', verdict: 'Inconclusive', improvement: -0.218, interval: { lower: -0.26, upper: -0.17 }, maxWorse: 0.2 }]
  const known = (half, effect, chance) => [{ name: 'bought', variants: [control(90_120, 0.1187), bayes('challenger', 90_377, 0.1302, effect, half, chance, { secondsLeft: 0, subjectsLeft: 0 })] }, ...open.slice(1)]
  const long = ['the-model-of-the-spring-campaign-with-a-name-of-sixty-three-chars', 'gradient-boosted-trees-v2']
  const many = ['control', 'trees', 'forest', long[0]]
  return [
    test('digits-test', 90_000, { route: 'digits', ramp: [{ percent: 5, seconds: 3600 }, { percent: 25, seconds: 86_400 }], until: { decided: true, subjects: 100_000 }, exclude: ['tester-1', 'tester-2'] }, {
      phase: 'Running', startTime: ago(80_000), analysed: ago(2), conditions: [running], ...counted(45_213, 5041), mismatch: { pValue: 0.41, alarm: false }, metrics: open, guardrails: fine, ramp: { percent: 25, step: 1, since: ago(40_000) },
      decision: { state: 'Open', reason: 'Undecided', message: 'the figures leave it open' },
    }),
    test('spring-offer', 900_000, { variants: [{ name: 'control', service: 'digits', weight: 50 }, { name: 'challenger', service: 'digits-next', weight: 50 }], shadow: { model: 'models:/digits/6', percent: 20, tolerance: 0.001 } }, {
      phase: 'Running', startTime: ago(880_000), analysed: ago(5), conditions: [running], ...counted(90_120, 90_377), mismatch: { pValue: 0.55, alarm: false }, metrics: known(0.031, 0.0969, 0.9997), guardrails: [{ ...fine[0] }, { ...fine[1], verdict: 'Fine', improvement: 0.02, interval: { lower: -0.03, upper: 0.07 } }],
      shadow: { copied: 40_210, same: 37_804, different: 2201, failed: 205, dropped: 17 }, decision: { state: 'Winner', winner: 'challenger', reason: 'LikelyBetter', message: 'challenger is better with a chance of 100.0 %: +9.7 %' },
    }),
    test('wrong-split', 400_000, { analysis: { engine: 'frequentist' }, variants: [{ name: 'control', service: 'digits', weight: 50 }, { name: 'challenger', service: 'digits-next', weight: 50 }] }, {
      phase: 'Running', startTime: ago(390_000), analysed: ago(5), conditions: [running, condition('SampleRatioMismatch', 'True', 'SplitIsWrong', 'the split of subjects is not the intended one', 3000)], ...counted(41_020, 37_377), mismatch: { pValue: 3.1e-38, alarm: true }, crossed: 4010,
      variants: [served('control', 'digits', 0.5, 41_020), served('challenger', 'digits-next', 0.5, 37_377)], outcomes: { joined: 9002, late: 0, waiting: 0, dropped: 120 },
      metrics: [{ name: 'bought', variants: [control(41_020, 0.1187), { variant: 'challenger', count: 37_377, value: 0.121, effect: 0.0194, interval: { lower: -0.051, upper: 0.09 }, pValue: 0.31, detectable: 0.08, secondsLeft: 90_000, subjectsLeft: 31_000 }] }, { name: 'amount', message: 'dataset transactions-2026q3@v1: column "user_id" is missing in part-0007.csv', variants: [control(41_020), { variant: 'challenger', count: 37_377 }] }],
      guardrails: [], decision: { state: 'Stopped', reason: 'SampleRatioMismatch', message: 'the split of subjects is not the intended one (p = 3.1e-38): no figure can be trusted' },
    }, 'user-08'),
    test('which-offer', 300_000, { variants: many.map((name, at) => ({ name, model: `models:/digits/${at + 4}`, weight: 1 })), bandit: { everySeconds: 3600 }, guardrails: undefined, metrics: [{ ...bought, covariate: undefined, minimumEffect: undefined }], analysis: {} }, {
      phase: 'Running', startTime: ago(290_000), analysed: ago(5), conditions: [condition('Ready', 'False', 'VariantNotReady', 'not ready: forest (service which-offer-forest-0000bbbb); the control answers in their place, uncounted', 60)],
      subjects: 30_001, requests: 90_000, outcomes: { joined: 4000, late: 0, waiting: 0, dropped: 0 }, variants: many.map((name, at) => served(name, `which-offer-${name}-0000bbbb`.slice(0, 60), [0.08, 0.61, 0.05, 0.26][at], [6000, 12_001, 4000, 8000][at], { model: `models:/digits/${at + 4}`, ready: at !== 2 })),
      metrics: [{ name: 'bought', variants: [control(6000, 0.112), bayes('trees', 12_001, 0.134, 0.196, 0.09, 0.9989), bayes('forest', 4000, 0.098, -0.125, 0.11, 0.014), bayes(long[0], 8000, 0.121, 0.08, 0.12, 0.91)] }],
      bandit: { renewed: ago(1200), rounds: 71, best: [0.002, 0.913, 0.0001, 0.085], shares: [0.08, 0.61, 0.05, 0.26] }, decision: { state: 'Winner', winner: 'trees', reason: 'LikelyBetter', message: 'trees is better' },
    }),
    test('begins', 200, {}, { phase: 'Running', startTime: ago(100), analysed: ago(5), conditions: [running], ...counted(61, 8), metrics: [{ name: 'bought', variants: [control(61, 0.11), { variant: 'challenger', count: 8, value: 0.125, message: 'an arm has 8 observations and 100 are needed: wait for more' }] }], guardrails: [{ metric: 'errors', variant: 'challenger', verdict: 'Inconclusive', maxWorse: 0.01, isAbsolute: true, message: 'an arm has 8 observations and 100 are needed: wait for more' }], decision: { state: 'Open', reason: 'Collecting', message: 'a variant has 8 subjects; nothing is decided below 100' } }),
    test('waits', 60, { variants: [two[0], { name: 'challenger', service: 'no-such' }] }, { phase: 'Pending', conditions: [condition('Ready', 'False', 'ServiceNotFound', 'spec.variants[1].service: this project has no service "no-such"; `dais get inferenceservices` lists them', 50)] }),
    test('harmful', 500_000, {}, { phase: 'Stopped', startTime: ago(480_000), completionTime: ago(300_000), analysed: ago(300_000), conditions: [condition('Ready', 'False', 'GuardrailHarmed', 'guardrail errors: variant challenger is worse by 0.0310 and 0.01 is accepted; everybody gets the control', 300_000)], ...counted(45_213, 5041), metrics: open, guardrails: [{ ...fine[0], verdict: 'Harmful', improvement: -0.031, interval: { lower: -0.039, upper: -0.023 } }, fine[1]], decision: { state: 'Stopped', reason: 'GuardrailHarmed', message: 'guardrail errors: variant challenger is worse' } }),
    test('took-over', 2_000_000, { promote: 'challenger' }, { phase: 'Promoted', startTime: ago(1_900_000), completionTime: ago(1_000_000), analysed: ago(900_000), serving: 'challenger', conditions: [condition('Ready', 'False', 'Promoted', 'service digits serves models:/digits/8 from now on; it served models:/digits/7', 1_000_000)], ...counted(45_213, 5041), metrics: known(0.03, 0.09, 0.999), guardrails: fine, decision: { state: 'Winner', winner: 'challenger', reason: 'LikelyBetter', message: '' }, promotion: { variant: 'challenger', service: 'digits', done: true, message: 'service digits serves models:/digits/8 from now on; it served models:/digits/7' } }),
  ]
}
