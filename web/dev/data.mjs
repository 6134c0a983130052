// Files of datasets, and looks into them; uploads are swallowed.
import { announce } from './kube.mjs'
import { ago, world } from './world.mjs'

const FILES = [['README.md', 1_204], ['digits.csv', 782_112], ['labels/classes.json', 96]].map(([path, size], n) => ({ path, size, digest: `sha256:${`${n}c4e`.repeat(16)}` }))

const ROWS = Array.from({ length: 40 }, (_one, row) => ({ row, line: row + 2, values: [String(row), String((row * 7) % 10), row % 9 ? 'seven' : null] }))
const sum = (files, bytesBefore, bytesAfter) => ({ files, bytesBefore, bytesAfter })

/** What is asked of a dataset besides its files. */
function view(path) {
  const versions = () => (world.datasets.find((one) => one.metadata.name === decodeURIComponent(path.split('/')[5] ?? ''))?.status?.versions ?? []).map((one) => ({ ...one, description: '', tags: [] }))
  if (path.endsWith('/versions')) return { versions: versions().toReversed() }
  if (path.endsWith('/retention')) return { standing: null }
  if (path.endsWith('/search')) return { versions: { items: [], next: null }, files: { items: FILES.map((file) => ({ ...file, dataset: 'digits', version: 'v1' })), next: null } }
  if (path.endsWith('/diff')) return { summary: { added: sum(1, 0, 96), removed: sum(0, 0, 0), changed: sum(0, 0, 0), renamed: sum(0, 0, 0), unchanged: sum(2, 783_316, 783_316) }, entries: [{ kind: 'added', path: FILES[2].path, after: FILES[2] }], next: null }
  if (path.includes('/profile/')) return { state: 'none' }
  if (path.includes('/preview/')) return { file: FILES[1], verified: true, format: 'csv', content: { columns: ['id', 'digit', 'word'], offset: 0, rows: ROWS, next: null } }
  return { files: FILES }
}

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
  return { code: 200, body: view(path) }
}
