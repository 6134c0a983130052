// Files of datasets; uploads are swallowed.
import { announce } from './kube.mjs'
import { ago, world } from './world.mjs'

const FILES = [['README.md', 1_204], ['digits.csv', 782_112], ['labels/classes.json', 96]].map(([path, size], n) => ({ path, size, digest: `sha256:${`${n}c4e`.repeat(16)}` }))

export function data(path, method, body) {
  if (method === 'POST' && path.endsWith('/uploads')) return { code: 201, body: { upload: 'u1' } }
  if (method === 'PUT') return { code: 200, body: {} }
  if (path.endsWith('/commit')) {
    const dataset = world.datasets.find((one) => one.metadata.name === body.dataset)
    const versions = dataset.status.versions ?? []
    const name = `v${versions.length + 1}`
    dataset.status = { latest: name, versions: [{ name, digest: `sha256:${'9f'.repeat(32)}`, files: 2, bytes: 4096, createdAt: ago(0), createdBy: 'user-17' }, ...versions], conditions: [{ type: 'Ready', status: 'True', reason: 'Available', message: `${name} is the latest`, lastTransitionTime: ago(0) }] }
    announce('MODIFIED', 'datasets', dataset)
    return { code: 201, body: { version: name, created: true } }
  }
  return { code: 200, body: { files: FILES } }
}
