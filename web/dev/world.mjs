// Made-up objects for developing the pages. Never part of what is shipped.
import { abtests } from './abtests.mjs'
import { applications, releases } from './applications.mjs'
import { sweeps } from './sweeps.mjs'

const now = Date.now()
export const ago = (seconds) => new Date(now - seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z')
const API = 'dais.io/v1alpha1'
import { rolling, rollingPods } from './services.mjs'
let uid = 0

function object(kind, project, name, age, by, rest, apiVersion = API) {
  uid += 1
  return {
    apiVersion, kind,
    metadata: {
      name, ...(project && { namespace: project }), uid: `${String(uid).padStart(8, '0')}-0000-4000-8000-000000000000`, resourceVersion: String(uid), generation: 1,
      creationTimestamp: ago(age), ...(by && { annotations: { 'dais.io/created-by': by } }), ...rest.metadata,
    },
    ...rest.body,
  }
}
const condition = (type, status, reason, message, age) => ({ type, status, reason, message, observedGeneration: 1, lastTransitionTime: ago(age) })

const project = (name, workspace, age) => object('Namespace', '', name, age, 'admin', { metadata: { labels: { 'dais.io/workspace': workspace } }, body: { status: { phase: 'Active' } } }, 'v1')

export const P = 'credit-score'
export const RUNS = { running: 'a3f0c1d2e4b5468790aabbccddeeff01', best: 'b7e1c1d2e4b5468790aabbccddeeff02', failed: 'c9d2c1d2e4b5468790aabbccddeeff03', old: 'd1f3c1d2e4b5468790aabbccddeeff04' }

const digits = (version) => [{ name: 'digits', version, digest: `sha256:${'ab12'.repeat(16)}` }]
const train = { command: ['python', 'train.py'], args: ['--trees', '400'], environment: 'sklearn', datasets: [{ name: 'digits' }], experiment: 'digits', model: 'digits', application: 'digits', resources: { limits: { cpu: '2', memory: '4Gi' } } }
const job = (name, age, by, spec, status) => object('TrainingJob', P, name, age, by, { body: { spec: { ...train, ...spec }, status: { observedGeneration: 1, attempts: 1, ...status } } })

const jobs = [
  job('digits-forest-7', 1100, 'user-17', { parameters: { n_estimators: '400', max_depth: '18', seed: '7' } }, { phase: 'Running', podName: 'digits-forest-7-0', startTime: ago(1090), runId: RUNS.running, experimentId: '1', datasets: digits('v3'), conditions: [condition('Ready', 'True', 'Running', 'the container runs', 1090)] }),
  job('digits-forest-6', 9000, 'user-17', { parameters: { n_estimators: '300', max_depth: '16', seed: '7' } }, { phase: 'Succeeded', podName: 'digits-forest-6-0', startTime: ago(8990), completionTime: ago(8200), exitCode: 0, runId: RUNS.best, experimentId: '1', datasets: digits('v3'), models: [{ name: 'digits', version: '7' }], conditions: [condition('Complete', 'True', 'Succeeded', 'exit code 0', 8200), condition('Ready', 'True', 'Succeeded', 'exit code 0', 8200)] }),
  job('digits-shuffled', 12000, 'user-08', { parameters: { shuffle: 'true' } }, { phase: 'Failed', podName: 'digits-shuffled-0', startTime: ago(11990), completionTime: ago(11950), exitCode: 1, runId: RUNS.failed, experimentId: '1', attempts: 2, datasets: digits('v2'), conditions: [condition('Failed', 'True', 'NonZeroExit', 'exit code 1; the last line was: ValueError: accuracy 0.09 is below 0.95', 11950)] }),
  job('card-embeddings', 300, 'user-08', { application: 'score-card', model: undefined, queue: 'train', replicas: 4, resources: { limits: { cpu: '6', memory: '32Gi', 'nvidia.com/gpu': '1' } } }, { phase: 'Pending', attempts: 0, admission: { queue: 'train', admitted: false, reason: 'Queued', message: 'place 3 in Queue "train": wants nvidia.com/gpu 4, 2 of 8 are free', time: ago(280) }, conditions: [condition('Ready', 'False', 'Queued', 'place 3 in Queue "train": wants nvidia.com/gpu 4, 2 of 8 are free', 280)] }),
  job('cards-distributed', 700, 'user-08', { application: 'score-card', model: undefined, queue: 'train', priority: 5, replicas: 4, processesPerReplica: 2, checkpoints: { size: '20Gi' }, retries: 2 }, { phase: 'Pending', attempts: 2, interruptions: 1, runningReplicas: 2, podName: 'cards-distributed-2-0', startTime: ago(660), datasets: digits('v3'), environmentDigest: '4b1d'.repeat(16), admission: { queue: 'train', admitted: true, reason: 'Admitted', message: 'let in by Queue "train"', time: ago(690) }, conditions: [condition('Ready', 'False', 'Unschedulable', 'replica 2: waits for room: 0 of 3 machines have nvidia.com/gpu', 600)] }),
  job('ocr-big', 500, 'user-23', { application: 'ocr', model: undefined, queue: 'train', resources: { limits: { cpu: '128' } } }, { phase: 'Pending', admission: { queue: 'train', admitted: false, reason: 'QuotaTooSmall', message: 'spec.resources: asks for cpu 128 over all replicas, Queue "train" has 48 at most', time: ago(490) }, conditions: [condition('Ready', 'False', 'QuotaTooSmall', 'spec.resources: asks for cpu 128 over all replicas, Queue "train" has 48 at most', 490)] }),
  job('digits-halted', 20000, 'user-17', { stop: true }, { phase: 'Stopped', startTime: ago(19990), completionTime: ago(19000), datasets: digits('v2'), conditions: [condition('Ready', 'False', 'Stopped', 'spec.stop is true: ended for good', 19000), condition('Failed', 'True', 'Stopped', 'spec.stop is true: ended for good', 19000)] }),
  ...[28, 29, 30].map((n) => object('TrainingJob', P, `card-boost-${n}`, 400 - n * 5, 'user-08', { metadata: { annotations: { 'dais.io/created-by': 'user-08', 'dais.io/trial': String(n) }, labels: { 'dais.io/sweep': 'card-boost' }, ownerReferences: [{ kind: 'Sweep', name: 'card-boost', uid: 'x' }] }, body: { spec: { ...train, application: 'card-boost', model: undefined, queue: 'train' }, status: { phase: n === 30 ? 'Pending' : 'Running', attempts: 1, startTime: ago(120), datasets: digits('v3'), conditions: [n === 30 ? condition('Ready', 'False', 'Queued', 'place 2 in Queue "train": waits behind a job of another project', 100) : condition('Ready', 'True', 'Running', 'pod runs', 110)] } } })),
  job('fraud-graph-nightly', 86400 * 2, 'user-23', { application: 'fraud-graph', suspend: true, model: 'fraud-graph' }, { phase: 'Suspended', conditions: [condition('Ready', 'False', 'Suspended', 'spec.suspend is true; set it to false to go on', 80000)] }),
  ...Array.from({ length: 9 }, (_, index) => job(`sweep-${index + 1}`, 86400 + index * 700, 'user-23', { parameters: { max_depth: String(6 + index * 2) }, model: undefined }, { phase: index === 4 ? 'Failed' : 'Succeeded', startTime: ago(86000 + index * 700), completionTime: ago(85400 + index * 700), exitCode: index === 4 ? 137 : 0, datasets: digits('v2'), conditions: [index === 4 ? condition('Failed', 'True', 'OOMKilled', 'the process used more than 4 GiB of memory; raise resources.limits.memory', 85000) : condition('Complete', 'True', 'Succeeded', 'exit code 0', 85000)] })),
]

const datasets = [
  object('Dataset', P, 'digits', 86400 * 9, 'user-17', { body: { spec: { description: 'UCI handwritten digits, 8×8 pixels, 1,797 pictures', tags: ['images', 'uci'] }, status: { latest: 'v3', versions: [3, 2, 1].map((n) => ({ name: `v${n}`, digest: `sha256:${`${n}f3a9c`.repeat(11).slice(0, 64)}`, files: 3, bytes: 812_345 + n * 40_000, createdAt: ago(86400 * (9 - n * 2)), createdBy: n === 2 ? 'user-08' : 'user-17' })), conditions: [condition('Ready', 'True', 'Available', 'v3 is the latest of 3 versions', 86400 * 3)] } } }),
  object('Dataset', P, 'transactions-2026q3', 86400 * 4, 'user-08', { body: { spec: { description: 'Card transactions, anonymised', tags: ['tabular'] }, status: { latest: 'v1', versions: [{ name: 'v1', digest: `sha256:${'77aa'.repeat(16)}`, files: 128, bytes: 41_882_000_000, createdAt: ago(86400 * 4), createdBy: 'user-08' }], conditions: [condition('Ready', 'True', 'Available', 'v1 is the latest of 1 version', 86400 * 4)] } } }),
  object('Dataset', P, 'id-cards', 7200, 'user-23', { body: { spec: { description: 'Pictures to be labelled' }, status: { conditions: [condition('Ready', 'False', 'NoVersion', 'no version has been uploaded', 7200)] } } }),
]
const packages = ['joblib 1.4.2', 'mlflow 3.1.0', 'numpy 2.2.1', 'onnx 1.17.0', 'onnxruntime 1.20.1', 'pandas 2.2.3', 'protobuf 5.29.2', 'scikit-learn 1.6.0', 'scipy 1.15.0', 'skl2onnx 1.18.0', 'threadpoolctl 3.5.0'].map((one) => ({ name: one.split(' ')[0], version: one.split(' ')[1] }))
const environments = [
  object('Environment', P, 'sklearn', 86400 * 9, 'user-17', { body: { spec: { python: { version: '3.11', requirements: ['scikit-learn', 'skl2onnx', 'mlflow', 'onnxruntime'] } }, status: { digest: `sha256:${'4b1d'.repeat(16)}`, pythonVersion: '3.11.2', packages, conditions: [condition('Ready', 'True', 'Available', '11 packages', 86400 * 9)] } } }),
  object('Environment', P, 'torch', 200, 'user-08', { body: { spec: { python: { requirements: ['torch', 'lightning'] } }, status: { conditions: [condition('Ready', 'False', 'Building', 'installing torch 2.6.0 (3 of 24)', 180)] } } }),
  object('Environment', P, 'legacy', 86400, 'user-23', { body: { spec: { python: { version: '3.7', requirements: ['tensorflow==1.15'] } }, status: { conditions: [condition('Ready', 'False', 'PythonMissing', 'no python3.7 is on this machine. Found: 3.11.2. Install it, or ask for 3.11.', 86000)] } } }),
]
const services = [
  object('InferenceService', P, 'digits', 8000, 'user-17', { body: { spec: { model: 'models:/digits@champion', replicas: 2, application: 'digits', resources: { limits: { cpu: '1', memory: '512Mi' } } }, status: { url: `/serve/${P}/digits`, modelName: 'digits', modelVersion: '7', runId: RUNS.best, replicas: 2, readyReplicas: 2, conditions: [condition('Ready', 'True', 'Available', '2 of 2 replicas are ready', 7900)] } } }),
  object('InferenceService', P, 'fraud-graph', 4000, 'user-23', { body: { spec: { model: 'models:/fraud-graph/2', replicas: 1, application: 'fraud-graph' }, status: { replicas: 1, readyReplicas: 0, modelName: 'fraud-graph', modelVersion: '2', conditions: [condition('Ready', 'False', 'Invalid', 'model.onnx is not an ONNX model: bad magic at byte 0. Export it with skl2onnx or torch.onnx.', 3900)] } } }),
  ...rolling(object, condition, ago, P),
]

const pod = (kind, name, instance, app, node, phase, status = {}) => object('Pod', P, name, 1200, 'user-17', {
  metadata: { labels: { 'app.kubernetes.io/component': kind, 'app.kubernetes.io/instance': instance, 'dais.io/app': app, 'dais.io/user': 'user-17' } },
  body: { spec: { nodeName: node, containers: [{ name: 'main' }] }, status: { phase, startTime: ago(1190), containerStatuses: [{ name: 'main', ready: phase === 'Running', restartCount: 0, state: { running: { startedAt: ago(1190) } } }], ...status } },
}, 'v1')
const pods = [
  pod('trainingjob', 'digits-forest-7-0', 'digits-forest-7', 'digits', 'train-01', 'Running'),
  ...[['train-01', 'Running'], ['train-02', 'Running'], [undefined, 'Pending'], ['train-02', 'Pending']].map(([node, phase], rank) => {
    const one = pod('trainingjob', `cards-distributed-2-${rank}`, 'cards-distributed', 'score-card', node, phase, rank === 2 ? { containerStatuses: [], conditions: [condition('PodScheduled', 'False', 'Unschedulable', '0 of 3 machines have nvidia.com/gpu free', 600)] } : rank === 3 ? { containerStatuses: [{ name: 'main', ready: false, restartCount: 0, state: { waiting: { reason: 'ContainerCreating', message: 'the environment is being mounted' } } }] } : {})
    Object.assign(one.metadata.labels, { 'dais.io/attempt': '2', 'dais.io/rank': String(rank) })
    return one
  }),
  pod('inferenceservice', 'digits-7c9f8-x2k4p', 'digits', 'digits', 'train-02', 'Running'),
  pod('inferenceservice', 'digits-7c9f8-m8s1q', 'digits', 'digits', 'edge-01', 'Running'),
  pod('inferenceservice', 'fraud-graph-5d4b-aa11', 'fraud-graph', 'fraud-graph', 'train-02', 'Pending', { containerStatuses: [{ name: 'server', ready: false, restartCount: 6, state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 40s after exit code 2: model.onnx is not an ONNX model' } } }] }),
  ...rollingPods(pod, services),
]
const event = (kind, name, type, reason, message, age, count = 1) => object('Event', P, `${name}.${reason}.${age}`.toLowerCase(), age, '', { body: { type, reason, message, count, involvedObject: { kind, name, namespace: P }, firstTimestamp: ago(age + 60), lastTimestamp: ago(age) } }, 'v1')
const events = [
  event('TrainingJob', 'digits-forest-7', 'Normal', 'Created', 'made pod digits-forest-7-0', 1095),
  event('Pod', 'digits-forest-7-0', 'Normal', 'Scheduled', 'assigned to train-01', 1094),
  event('Pod', 'digits-forest-7-0', 'Normal', 'Started', 'started container main (pid 41233)', 1090),
  event('TrainingJob', 'card-embeddings', 'Warning', 'FailedScheduling', '0 of 3 machines have room: 64 cores asked', 12, 24),
  event('Pod', 'fraud-graph-5d4b-aa11', 'Warning', 'BackOff', 'restarting the failed container after 40 s', 30, 6),
]
const node = (name, cpu, memory, gpu) => object('Node', '', name, 86400 * 30, '', {
  body: { status: { capacity: { cpu: String(cpu), memory: `${memory}Gi`, pods: '110', ...(gpu && { 'nvidia.com/gpu': String(gpu) }) }, nodeInfo: { osImage: 'Debian GNU/Linux 12', kernelVersion: '6.1.0-28', kubeletVersion: 'v1.34.0+dais', containerRuntimeVersion: 'sandbox' }, addresses: [{ type: 'InternalIP', address: '10.0.0.11' }], conditions: [condition('Ready', 'True', 'KubeletReady', 'the agent reports every 10 s', 86400), condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory', '', 86400), condition('NetworkUnisolated', 'True', 'HostNetwork', 'pods share the network of this machine: started without root', 86400)] } },
}, 'v1')

const queue = (name, age, spec) => object('Queue', '', name, age, 'admin', { body: { spec, status: {} } })
const queues = [
  queue('train', 86400 * 20, { cohort: 'gpus', strategy: 'BestEffortFIFO', preemption: 'LowerPriority', resources: [{ name: 'cpu', nominalQuota: '32', borrowingLimit: '16' }, { name: 'memory', nominalQuota: '256Gi' }, { name: 'nvidia.com/gpu', nominalQuota: '4' }], projects: [P, 'ocr-idcard'] }),
  queue('batch', 86400 * 20, { cohort: 'gpus', strategy: 'StrictFIFO', resources: [{ name: 'cpu', nominalQuota: '16' }, { name: 'memory', nominalQuota: '128Gi' }, { name: 'nvidia.com/gpu', nominalQuota: '4' }] }),
  queue('nightly', 86400 * 3, { stopPolicy: 'Hold', resources: [{ name: 'cpu', nominalQuota: '8' }], projects: [P] }),
]

const apps = applications(object, condition, ago, P)

export const world = {
  namespaces: [project(P, 'risk-models', 86400 * 40), project('ocr-idcard', 'risk-models', 86400 * 20), project('empty', 'playground', 86400), project('forbidden', 'other-tenant', 86400), object('Namespace', '', 'dais-system', 86400 * 40, '', { body: {} }, 'v1')],
  trainingjobs: jobs, sweeps: sweeps(object, condition, ago, P), abtests: abtests(object, condition, ago, P), applications: apps, controllerrevisions: releases(object, apps), cronjobs: [], queues, datasets, environments, inferenceservices: services, pods, events,
  nodes: [node('train-01', 48, 384, 8), node('train-02', 32, 256, 8), node('edge-01', 16, 128, 0)],
}
