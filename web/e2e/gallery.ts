import { execFileSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { project, service, type Person } from './person'
import { ask } from './work'

/** One object of every kind, beside what the platform was filled with, and where each is shown. */

const stamp = Date.now().toString(36)
const one = `one-${stamp}`
const CARD = 'GPU-5ec0a1d0-0000-4000-8000-000000000000'
/** A project without anything in it. */
export const BARE = `bare-${stamp}`

const dais = (...words: string[]) => execFileSync(process.env.DAIS_BIN ?? 'dais', words, { encoding: 'utf8' })
const inProject = (kind: string, spec: object) => ({ apiVersion: 'dais.io/v1alpha1', kind, metadata: { name: one, namespace: project }, spec })

const KINDS = [
  inProject('Algorithm', {
    title: 'One of its kind', command: ['sh', '-c', 'true'], inputs: [{ name: 'data' }], outputs: { metrics: [{ name: 'loss', goal: 'minimize' }] },
    parameters: { type: 'object', properties: { rate: { type: 'number', title: 'Rate', default: 0.1 }, loss: { enum: ['squared', 'absolute'] } } },
  }),
  inProject('Environment', { python: { requirements: [] } }),
  inProject('LabelingProject', { dataset: one, config: { kind: 'textClassification', labels: [{ name: 'good' }, { name: 'bad' }] }, policy: { review: true } }),
  inProject('Notebook', { stopped: true }),
  inProject('Sweep', { suspend: true, job: { command: ['true'] }, objective: { metric: 'loss' }, parameters: [{ name: 'x', type: 'double', min: 0, max: 1 }] }),
  inProject('Application', { command: ['sleep', '100000'] }),
  inProject('ABTest', {
    suspend: true, key: { header: 'x-user' }, primary: 'latency', metrics: [{ name: 'latency', source: { builtin: 'latency' } }],
    variants: [{ name: 'now', service }, { name: 'next', model: 'models:/digits/1' }],
  }),
  { apiVersion: 'dais.io/v1alpha1', kind: 'Queue', metadata: { name: one }, spec: { projects: [BARE], resources: [{ name: 'cpu', nominalQuota: '1' }] } },
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: BARE } },
]

function folder(files: Record<string, string>): string {
  const made = mkdtempSync(join(tmpdir(), 'dais-gallery-'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(made, name), text)
  return made
}

/** A request through two services, as an OpenTelemetry exporter sends it. */
async function trace(person: Person): Promise<string> {
  const traceId = stamp.padStart(32, '0').replace(/[^0-9a-f]/g, 'a')
  const start = BigInt(Date.now() - 60_000) * 1_000_000n
  const span = (spanId: string, name: string, ms: number, parentSpanId?: string) => ({ traceId, spanId, name, kind: 2, ...(parentSpanId && { parentSpanId }), startTimeUnixNano: String(start), endTimeUnixNano: String(start + BigInt(ms) * 1_000_000n) })
  const attributes = Object.entries({ 'service.name': one, 'k8s.namespace.name': project, 'dais.app': one }).map(([key, stringValue]) => ({ key, value: { stringValue } }))
  await ask(person, '/v1/traces', 'POST', { resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans: [span('1'.repeat(16), 'GET /', 90), span('2'.repeat(16), 'load', 40, '1'.repeat(16))] }] }] })
  return traceId
}

/** Makes everything, and answers what stands in the place of a route's parameters. */
export async function fill(person: Person): Promise<Record<string, string>> {
  await person.page.goto('/')
  dais('upload', one, folder({ 'reviews.csv': 'text\nso good\ntoo bad\n' }))
  dais('apply', '-f', join(folder({ 'kinds.yaml': KINDS.map((kind) => JSON.stringify(kind)).join('\n---\n') }), 'kinds.yaml'))
  const { runs: [run] } = await ask<{ runs: { info: { run_id: string; experiment_id: string } }[] }>(person, `/mlflow/p/${project}/api/2.0/mlflow/runs/search`, 'POST', { experiment_ids: await experiments(person), filter: "attributes.run_name = 'logistic'" })
  if (!run) throw new Error('the platform was not filled')
  const { nodes: [node] } = await ask<{ items: { metadata: { name: string } }[] }>(person, '/k8s/api/v1/nodes').then(({ items }) => ({ nodes: items }))
  const traceId = await trace(person)
  const inside = { datasets: 'digits', jobs: 'trained', services: service, models: 'digits', apps: service, traces: traceId, experiments: run.info.experiment_id, runs: run.info.run_id }
  return { ...inside, gpus: CARD, people: 'admin', nodes: node?.metadata.name ?? '', ...Object.fromEntries(['algorithms', 'environments', 'labeling', 'notebooks', 'sweeps', 'abtests', 'applications', 'queues'].map((kind) => [kind, one])) }
}

async function experiments(person: Person): Promise<string[]> {
  const found = await ask<{ experiments: { experiment_id: string }[] }>(person, `/mlflow/p/${project}/api/2.0/mlflow/experiments/search?max_results=100`)
  return found.experiments.map(({ experiment_id }) => experiment_id)
}

export function clear(): void {
  for (const { kind, metadata } of KINDS) {
    try {
      dais('delete', kind.toLowerCase(), metadata.name)
    } catch {
      // One that was never made.
    }
  }
}
