import { describe, expect, it } from 'vitest'
import { NODES, pathOf, TRAINING_JOBS } from './kinds'
import { applied } from './kube'
import type { KubeObject } from './meta'

const one = (name: string, resourceVersion: string): KubeObject => ({ metadata: { name, namespace: 'p', resourceVersion } })
const before = { metadata: { resourceVersion: '5' }, items: [one('a', '3'), one('b', '5')] }

describe('a list that is watched', () => {
  it('adds, changes and drops, and moves its version on', () => {
    const added = applied(before, { type: 'ADDED', object: one('c', '6') })
    expect(added.items.map((item) => item.metadata.name)).toEqual(['a', 'b', 'c'])
    const changed = applied(added, { type: 'MODIFIED', object: one('a', '7') })
    expect(changed.items[0]?.metadata.resourceVersion).toBe('7')
    const dropped = applied(changed, { type: 'DELETED', object: one('b', '8') })
    expect(dropped.items.map((item) => item.metadata.name)).toEqual(['a', 'c'])
    expect(dropped.metadata.resourceVersion).toBe('8')
  })
  it('does not go back to an older state', () => {
    expect(applied(before, { type: 'MODIFIED', object: one('b', '4') }).items[1]?.metadata.resourceVersion).toBe('5')
  })
  it('keeps objects on a bookmark, and does not double what it knows', () => {
    expect(applied(before, { type: 'BOOKMARK', object: one('', '9') })).toEqual({ metadata: { resourceVersion: '9' }, items: before.items })
    expect(applied(before, { type: 'ADDED', object: one('a', '6') }).items).toHaveLength(2)
  })
})

describe('addresses', () => {
  it('follow group, scope and name', () => {
    expect(pathOf(TRAINING_JOBS, 'p', 'a')).toBe('/k8s/apis/dais.io/v1alpha1/namespaces/p/trainingjobs/a')
    expect(pathOf(TRAINING_JOBS)).toBe('/k8s/apis/dais.io/v1alpha1/trainingjobs')
    expect(pathOf(NODES, undefined, 'n')).toBe('/k8s/api/v1/nodes/n')
  })
})
