// Services of every sort: a version on its way in, one that starts, one that was taken back, a program that sleeps.

export function rolling(object, condition, ago, project) {
  const made = (name, age, spec, status) => object('InferenceService', project, name, age, 'user-17', { body: { spec, status: { url: `/serve/${project}/${name}`, observedGeneration: 2, ...status } } })
  const digits = { modelName: 'digits', modelVersion: '7', replicas: 2, readyReplicas: 2 }
  const rollout = { steps: [5, 20, 50], stepSeconds: 300, minRequests: 200 }
  return [
    made('digits-canary', 90_000, { model: 'models:/digits/8', replicas: 2, application: 'digits', rollout, record: { percent: 10, failures: true } }, {
      ...digits, conditions: [condition('Ready', 'True', 'Available', '2 of 2 replicas ready; version digits/8 gets 20 % of the requests', 80_000)],
      rollout: { version: 'digits/8', state: 'Progressing', percent: 20, step: 1, since: ago(140), requests: 118, failures: 3, message: 'version digits/8 gets 20 % of the requests' },
    }),
    made('digits-back', 95_000, { model: 'models:/digits/8', replicas: 2, application: 'digits', rollout }, {
      ...digits, conditions: [condition('Ready', 'True', 'RolledBack', '2 of 2 replicas ready; version digits/8 was taken back at 5 % of the requests: 11 of 64 failed, and 5 % may', 3000)],
      rollout: { version: 'digits/8', state: 'RolledBack', percent: 0, step: 0, since: ago(3100), requests: 64, failures: 11, message: 'version digits/8 was taken back at 5 % of the requests: 11 of 64 failed, and 5 % may' },
    }),
    made('digits-next', 95_500, { model: 'models:/digits/8', replicas: 2, application: 'digits', rollout }, {
      ...digits, modelVersion: '8', readyReplicas: 1, conditions: [condition('Ready', 'False', 'Progressing', '1 of 2 replicas ready', 20)],
      rollout: { version: 'digits/8', state: 'Promoting', percent: 50, step: 2, since: ago(310), requests: 912, failures: 3, message: 'version digits/8 passed every step and takes over' },
    }),
    made('scorer', 50_000, { model: 'models:/digits@champion', server: { command: ['python', '-m', 'scorer.serve', '--workers', '4'], code: { bundle: `sha256:${'4b1d'.repeat(16)}` }, port: 9000, readyPath: '/health' }, environment: 'sklearn', autoscaling: { minReplicas: 1, maxReplicas: 6, concurrency: 4 }, rollout: { steps: [10] } }, {
      ...digits, replicas: 3, readyReplicas: 3, scale: { replicas: 3, lowSince: ago(20) },
      conditions: [condition('Ready', 'True', 'Available', '3 of 3 replicas ready; version digits/8 starts; waits for room: 0 of 3 machines have 4 free cores', 100)],
      rollout: { version: 'digits/8', state: 'Starting', percent: 0, step: 0, message: 'version digits/8 starts' },
    }),
    made('reranker', 40_000, { server: { command: ['sh', '-c', 'exec python3 -m http.server --bind "$HOST" "$PORT"'] }, autoscaling: { minReplicas: 0, maxReplicas: 4, concurrency: 8 } }, {
      replicas: 0, readyReplicas: 0, scale: { replicas: 0 },
      conditions: [condition('Ready', 'True', 'Asleep', 'nothing runs, since nobody asks; the next request starts a server', 900)],
    }),
  ]
}

export function rollingPods(pod, services) {
  const withVersion = (made, version) => ({ ...made, spec: { ...made.spec, containers: [{ name: 'model', env: [{ name: 'DAIS_MODEL_URI', value: `models:/digits/${version}` }] }] } })
  return services.filter(({ status }) => status.rollout).flatMap(({ metadata: { name, uid }, spec, status }) => {
    const app = spec.application ?? name
    const next = `${name}-next-${uid.slice(0, 8)}`
    const stable = ['k2x9', 'p7qa'].map((id) => withVersion(pod('inferenceservice', `${name}-6f5b8-${id}`, name, app, 'train-02', 'Running'), 7))
    return status.rollout.state === 'RolledBack' ? stable : [...stable, withVersion(pod('inferenceservice', `${next}-77c4d-m2bz`, next, app, 'train-01', 'Running'), 8)]
  })
}
