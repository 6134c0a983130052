import { describe, expect, it } from 'vitest'
import { narrowed } from './narrow'
import { curve, layered, NODE } from './layout'

const columns = (nodes: string[], edges: [string, string][]) => {
  const { nodes: placed } = layered(nodes, edges)
  return Object.fromEntries([...placed].map(([name, { x }]) => [name, Math.round(x / (NODE.width + 96))]))
}

describe('a layered drawing', () => {
  it('has callers to the left of all that they call', () => {
    expect(columns(['c', 'b', 'a'], [['a', 'b'], ['b', 'c'], ['a', 'c']])).toEqual({ a: 0, b: 1, c: 2 })
  })
  it('takes circles, and what calls itself', () => {
    expect(columns(['a', 'b', 'c'], [['a', 'b'], ['b', 'c'], ['c', 'a'], ['b', 'b']])).toEqual({ a: 0, b: 1, c: 2 })
  })
  it('lets no two nodes lie upon one another', () => {
    const { nodes, height } = layered(['a', 'b', 'c', 'd', 'e'], [['a', 'b'], ['a', 'c'], ['a', 'd'], ['d', 'e'], ['a', 'e']])
    const [b, c, d] = ['b', 'c', 'd'].map((name) => nodes.get(name)?.y ?? 0).toSorted((x, y) => x - y)
    expect((c ?? 0) - (b ?? 0)).toBeGreaterThan(NODE.height)
    expect((d ?? 0) - (c ?? 0)).toBeGreaterThan(NODE.height)
    expect(height).toBeGreaterThanOrEqual((d ?? 0) + NODE.height)
  })
  it('sorts a layer so that edges do not cross', () => {
    const { nodes } = layered(['a', 'b', 'x', 'y'], [['a', 'y'], ['b', 'x']])
    const y = (name: string) => nodes.get(name)?.y ?? 0
    expect(y('a') < y('b')).toBe(y('y') < y('x'))
  })
  it('leads an edge from the caller to the called, past the layers between', () => {
    const { edges } = layered(['a', 'b', 'c'], [['a', 'b'], ['b', 'c'], ['a', 'c'], ['c', 'a']])
    expect(edges[2]).toHaveLength(4)
    expect(edges[2]?.[0]?.x).toBe(NODE.width)
    expect(edges[3]?.[0]?.x).toBeGreaterThan(edges[3]?.at(-1)?.x ?? Infinity)
    expect(curve(edges[0] ?? [])).toMatch(/^M[\d.]+ [\d.]+ C/)
  })
  it('is nothing for nothing', () => expect(layered([], []).nodes.size).toBe(0))
})

describe('the map of a project', () => {
  const map = { limited: false, services: [{ service: 'a' }, { service: 'b' }, { service: 'c' }], calls: [{ parent: 'a', child: 'b', count: 1 }, { parent: 'b', child: 'c', count: 1 }] }
  it('has only services that its requests went through', () => {
    expect(narrowed(map, new Set(['a', 'b']))).toMatchObject({ services: [{ service: 'a' }, { service: 'b' }], calls: [{ child: 'b' }] })
    expect(narrowed(map, new Set()).services).toEqual([])
    expect(narrowed(map, null)).toBe(map)
  })
})
