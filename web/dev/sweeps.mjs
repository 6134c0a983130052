// Made-up sweeps: one that runs, one that has ended, one that failed, one that begins.

const PARAMETERS = [
  { name: 'learning_rate', type: 'double', min: 0.0001, max: 0.1, scale: 'log' },
  { name: 'max_depth', type: 'int', min: 2, max: 16 },
  { name: 'subsample', type: 'double', min: 0.4, max: 1 },
  { name: 'booster', type: 'categorical', values: ['gbtree', 'dart', 'gblinear'] },
]
const spread = (n, salt) => { const x = Math.sin(n * 12.9898 + salt * 78.233) * 43758.5453; return x - Math.floor(x) }

function trialOf(sweep, number, state) {
  const [a, b, c, d] = [1, 2, 3, 4].map((salt) => spread(number, salt))
  const rate = 10 ** (-4 + 3 * (number > 8 ? 0.55 + (a - 0.5) * 0.4 : a))
  const depth = 2 + Math.floor(b * 15)
  const value = 0.9 + 0.07 * Math.exp(-((Math.log10(rate) + 2.2) ** 2)) - 0.0006 * (depth - 9) ** 2 + 0.004 * c
  return {
    number, job: `${sweep}-${number}`, state,
    parameters: { learning_rate: rate.toPrecision(4), max_depth: String(depth), subsample: (0.4 + 0.6 * c).toFixed(3), booster: PARAMETERS[3].values[Math.floor(d * 3)] },
    ...((state === 'Succeeded' || state === 'Pruned') && { value: state === 'Pruned' ? value - 0.03 : value }),
    ...(state === 'Pruned' && { reason: '0.871 at step 12 is worse than the median 0.902 of 9 trials' }),
    ...(state === 'Failed' && { reason: 'went over its memory limit; raise spec.resources.limits.memory' }),
    ...(state !== 'Pending' && { runId: `${number.toString(16).padStart(2, '0')}${'5eed'.repeat(8)}`.slice(0, 32) }),
  }
}

export function sweeps(object, condition, ago, project) {
  const job = { command: ['python', '-m', 'cards.boost'], environment: 'sklearn', datasets: [{ name: 'transactions-2026q3' }], parameters: { rounds: '400' }, experiment: 'digits', queue: 'train', resources: { limits: { cpu: '4', memory: '8Gi' } } }
  const made = (name, age, by, spec, status) => object('Sweep', project, name, age, by, {
    body: { spec: { parameters: PARAMETERS, objective: { metric: 'auc', goal: 'maximize' }, algorithm: { name: 'tpe', seed: 7 }, earlyStopping: { name: 'median' }, maxTrials: 40, parallelTrials: 3, maxFailedTrials: 5, job, ...spec }, status },
  })
  const filled = (trials, rest) => {
    const finished = trials.filter(({ state }) => !['Pending', 'Running'].includes(state))
    const best = finished.filter(({ state }) => state === 'Succeeded').toSorted((a, b) => b.value - a.value)[0]
    const count = (state) => finished.filter((one) => one.state === state).length
    return { observedGeneration: 1, finished: finished.length, failed: count('Failed'), pruned: count('Pruned'), trials, ...(best && { best, importance: { learning_rate: 0.61, max_depth: 0.27, subsample: 0.08, booster: 0.04 } }), ...rest }
  }
  const state = (n) => (n % 11 === 4 ? 'Failed' : n % 5 === 3 && n > 6 ? 'Pruned' : 'Succeeded')
  const many = (name, count, going) => Array.from({ length: count }, (_, n) => trialOf(name, n + 1, n + 1 > count - going ? (n + 1 === count ? 'Pending' : 'Running') : state(n + 1)))
  const broken = [1, 2, 3].map((n) => ({ ...trialOf('ocr-width', n, 'Failed'), reason: 'its run logged no metric "cer": spec.objective.metric names what the program logs' }))
  return [
    made('card-boost', 5200, 'user-08', {}, filled(many('card-boost', 30, 3), { phase: 'Running', startTime: ago(5190), conditions: [condition('Ready', 'True', 'Running', '27 of 40 trials ended, 3 under way', 5190)] })),
    made('card-boost-first', 86400, 'user-08', { objective: { metric: 'auc', goal: 'maximize', target: 0.965 } }, filled(many('card-boost-first', 22, 0), { phase: 'Succeeded', startTime: ago(86300), completionTime: ago(80000), conditions: [condition('Ready', 'True', 'Searched', 'reached spec.objective.target: the best is trial 19 with 0.971', 80000), condition('Complete', 'True', 'Searched', 'reached spec.objective.target: the best is trial 19 with 0.971', 80000)] })),
    made('ocr-width', 40000, 'user-23', { objective: { metric: 'cer', goal: 'minimize' }, earlyStopping: undefined, algorithm: { name: 'grid' }, maxFailedTrials: 3 }, filled(broken, { phase: 'Failed', startTime: ago(39990), completionTime: ago(39000), conditions: [condition('Ready', 'False', 'TrialsFailed', '3 trials failed; the last one: its run logged no metric "cer": spec.objective.metric names what the program logs', 39000), condition('Failed', 'True', 'TrialsFailed', '3 trials failed; the last one: its run logged no metric "cer": spec.objective.metric names what the program logs', 39000)] })),
    made('tiny', 40, 'user-17', { maxTrials: 6 }, filled([trialOf('tiny', 1, 'Running'), trialOf('tiny', 2, 'Pending')], { phase: 'Running', startTime: ago(30), conditions: [condition('Ready', 'True', 'Running', '0 of 6 trials ended, 2 under way', 30)] })),
  ]
}
