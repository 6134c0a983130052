// Just enough of the Kubernetes API for the pages: list, watch, create, merge, delete.
import { simulate } from './simulate.mjs'
import { world } from './world.mjs'

let version = 1000
const watchers = new Set()
const KINDS = { trainingjobs: 'TrainingJob', sweeps: 'Sweep', abtests: 'ABTest', applications: 'Application', queues: 'Queue', datasets: 'Dataset', environments: 'Environment', inferenceservices: 'InferenceService', namespaces: 'Namespace' }

const status = (code, reason, message, details) => ({ code, body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, message, code, ...(details && { details }) } })

function selected(object, query) {
  const labels = query.get('labelSelector')
  return !labels || labels.split(',').every((one) => { const [key, value] = one.split('='); return object.metadata.labels?.[key] === value })
}

export function announce(type, plural, object) {
  version += 1
  object.metadata.resourceVersion = String(version)
  for (const watcher of watchers) {
    if (watcher.plural !== plural || (watcher.namespace && watcher.namespace !== object.metadata.namespace) || !selected(object, watcher.query)) continue
    watcher.response.write(`${JSON.stringify({ type, object })}\n`)
  }
}

export function kube(request, response, path, query, body) {
  if (path.endsWith('/selfsubjectaccessreviews')) {
    const { namespace } = body.spec.resourceAttributes
    return { code: 201, body: { ...body, status: { allowed: namespace !== 'forbidden' && request.user !== 'guest' } } }
  }
  const match = /^\/(?:api|apis\/[^/]+)\/[^/]+(?:\/namespaces\/([^/]+))?\/([a-z]+)(?:\/([^/]+))?$/.exec(path)
  const [, namespace, plural, name] = match ?? []
  const all = world[plural]
  if (!all) return status(404, 'NotFound', `no resource ${path}`)
  if (namespace === 'forbidden') return status(403, 'Forbidden', `${plural} is forbidden: User "${request.user}" cannot list resource "${plural}" in the namespace "forbidden"`)
  const index = all.findIndex((one) => one.metadata.name === name && one.metadata.namespace === namespace)
  if (request.method === 'POST') return create(all, plural, namespace, body, request.user)
  if (request.method === 'PATCH' && index >= 0) {
    Object.assign(all[index].spec, body.spec)
    if (body.spec?.suspend !== undefined) all[index].status.phase = body.spec.suspend ? 'Suspended' : 'Running'
    if (body.spec?.stop) all[index].status.phase = 'Stopped'
    if (body.spec?.promote) all[index].status.phase = 'Promoted'
    announce('MODIFIED', plural, all[index])
    return { code: 200, body: all[index] }
  }
  if (request.method === 'DELETE' && index >= 0) {
    const [gone] = all.splice(index, 1)
    announce('DELETED', plural, gone)
    return { code: 200, body: { kind: 'Status', status: 'Success' } }
  }
  if (name) return index >= 0 ? { code: 200, body: all[index] } : status(404, 'NotFound', `${plural} "${name}" not found`)
  if (query.get('watch')) return watch(request, response, plural, namespace, query)
  const items = all.filter((one) => (!namespace || one.metadata.namespace === namespace) && selected(one, query))
  return { code: 200, body: { kind: 'List', apiVersion: 'v1', metadata: { resourceVersion: String(version) }, items } }
}

function create(all, plural, namespace, body, user) {
  if (all.some((one) => one.metadata.name === body.metadata.name && one.metadata.namespace === namespace)) return status(409, 'AlreadyExists', `${plural} "${body.metadata.name}" already exists`)
  const memory = body.spec?.resources?.limits?.memory
  if (memory === '1Ti') {
    const message = 'no machine has 1 TiB of memory; the largest has 384 GiB'
    return status(422, 'Invalid', `${KINDS[plural]} "${body.metadata.name}" is invalid: spec.resources.limits.memory: ${message}`, { causes: [{ reason: 'FieldValueInvalid', field: 'spec.resources.limits.memory', message }], hint: 'Ask for at most 384Gi.' })
  }
  const made = { ...body, metadata: { ...body.metadata, ...(namespace && { namespace }), uid: `made-${version}`, creationTimestamp: new Date().toISOString(), annotations: { 'dais.io/created-by': user } } }
  if (plural === 'trainingjobs') made.status = { phase: 'Pending', conditions: [] }
  if (plural === 'sweeps') made.status = { phase: 'Pending', conditions: [], trials: [], finished: 0 }
  all.push(made)
  announce('ADDED', plural, made)
  if (plural === 'trainingjobs') simulate(made)
  return { code: 201, body: made }
}

function watch(request, response, plural, namespace, query) {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.flushHeaders()
  const watcher = { plural, namespace, query, response }
  watchers.add(watcher)
  request.on('close', () => watchers.delete(watcher))
  return null
}
