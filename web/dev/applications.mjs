/** Made-up applications: one on its way to a new release, one that is not ready, one by a schedule. */
export function applications(object, condition, ago, project) {
  const app = (name, age, spec, status, by = 'user-17') => object('Application', project, name, age, by, { body: { spec, status } })
  const ready = (message) => [condition('Ready', 'True', 'Available', message, 600)]
  const web = { command: ['python3', 'app.py'], ports: [{ name: 'http', port: 8080 }], route: {}, replicas: 2 }
  return [
    app('score-board', 86400 * 4, {
      ...web, rollout: { steps: [10, 50], stepSeconds: 600, minRequests: 50 },
      env: [{ name: 'THEME', value: 'dark' }, { name: 'DATABASE_URL', valueFrom: { secretKeyRef: { name: 'board', key: 'url' } } }, { name: 'MODE', valueFrom: { configMapKeyRef: { name: 'settings', key: 'mode' } } }],
      volumes: [{ name: 'data', mountPath: '/data', claim: { size: '10Gi' } }, { name: 'digits', mountPath: '/digits', dataset: { name: 'digits', version: 'v2' } }],
    }, {
      conditions: ready('2 of 2 replicas ready; release 7 gets 10 % of the requests'), url: `/app/${project}/score-board/`, release: 6, replicas: 2, readyReplicas: 2,
      rollout: { state: 'Progressing', version: '7', step: 0, percent: 10, since: ago(200), requests: 31, failures: 1 },
    }),
    app('label-tool', 3600, { ...web, image: 'label-tool:3.2', replicas: 1 }, { conditions: [condition('Ready', 'False', 'CrashLoopBackOff', "0 of 1 replicas ready; ModuleNotFoundError: No module named 'flask'", 300)], url: `/app/${project}/label-tool/`, release: 1, replicas: 1, readyReplicas: 0 }),
    app('nightly-clean', 86400 * 9, { command: ['./clean.sh'], replicas: 1, schedule: { cron: '0 3 * * *', timeZone: 'Asia/Shanghai', concurrency: 'Forbid', retries: 0 } }, { conditions: ready('the next run is due at 03:00'), release: 2, replicas: 0, readyReplicas: 0, lastRun: ago(40_000), nextRun: ago(-46_000) }),
  ]
}

/** The releases of the first of them. */
export function releases(object, all) {
  const [{ metadata: { name, namespace, uid } }] = all
  const one = (revision, age, by, changes, cause) => object('ControllerRevision', namespace, `${name}-${revision}`, age, by, {
    metadata: { labels: { 'dais.io/kind': 'Application', 'app.kubernetes.io/instance': name }, ownerReferences: [{ kind: 'Application', name, uid }] },
    body: { revision, data: { spec: { env: [{ name: 'THEME', value: revision > 6 ? 'dark' : 'light' }] }, changes, by, ...(cause && { cause }), inputs: {} } },
  }, 'apps/v1')
  return [one(7, 260, 'user-17', ['env[THEME].value: "light" → "dark"'], 'easier on the eyes'), one(6, 86400, '', ['secrets/board has changed']), one(5, 86400 * 2, 'user-08', ['env[MODE].valueFrom.configMapKeyRef.key: "mode"', 'env[MODE].valueFrom.configMapKeyRef.name: "settings"'])]
}
