/** A layered drawing: callers to the left of what they call, few crossings. Pixels. */

export const NODE = { width: 196, height: 74 }
const GAP = { x: 96, y: 22 }
/** Room that an edge takes where it passes a layer. */
const LANE = 18
const SWEEPS = 8

export interface Point {
  x: number
  y: number
}
export interface Drawing {
  width: number
  height: number
  /** Upper left corners. */
  nodes: Map<string, Point>
  /** In the order of the edges: where each begins, passes between nodes, and ends. */
  edges: Point[][]
}

type Edge = [from: string, to: string]

/** Which edges close a circle: seen from where one started, they lead back. */
function backward(nodes: string[], edges: Edge[]): Set<Edge> {
  const out = new Map(nodes.map((node) => [node, edges.filter(([from]) => from === node)]))
  const back = new Set<Edge>()
  const state = new Map<string, 'open' | 'done'>()
  const called = new Set(edges.map(([, to]) => to))
  const visit = (node: string) => {
    state.set(node, 'open')
    for (const edge of out.get(node) ?? []) {
      if (state.get(edge[1]) === 'open') back.add(edge)
      else if (!state.has(edge[1])) visit(edge[1])
    }
    state.set(node, 'done')
  }
  for (const node of [...nodes.filter((one) => !called.has(one)), ...nodes]) if (!state.has(node)) visit(node)
  return back
}

/** Every node one layer after the last of its callers. */
function layersOf(nodes: string[], edges: Edge[]): Map<string, number> {
  const layer = new Map(nodes.map((node) => [node, 0]))
  for (let round = 0, moved = true; moved && round <= nodes.length; round += 1) {
    moved = false
    for (const [from, to] of edges) {
      const wanted = (layer.get(from) ?? 0) + 1
      if ((layer.get(to) ?? 0) >= wanted) continue
      layer.set(to, wanted)
      moved = true
    }
  }
  return layer
}

interface Item {
  id: string
  /** Undefined: an edge that passes. */
  node?: string
  before: string[]
  after: string[]
}

/** Nodes and passing edges by layer, and for each edge the items that it runs through. */
function itemsOf(nodes: string[], edges: Edge[], layer: Map<string, number>): { layers: Item[][]; runs: string[][] } {
  const at = (node: string) => layer.get(node) ?? 0
  const layers: Item[][] = Array.from({ length: Math.max(0, ...nodes.map(at)) + 1 }, () => [])
  const items = new Map<string, Item>()
  const put = (index: number, item: Item) => {
    layers[index]?.push(item)
    items.set(item.id, item)
  }
  for (const node of nodes) put(at(node), { id: node, node, before: [], after: [] })
  const runs = edges.map(([from, to], index) => {
    const [left, right] = at(from) <= at(to) ? [from, to] : [to, from]
    const run = [left]
    for (let between = at(left) + 1; between < at(right); between += 1) {
      const id = `${index}\n${between}`
      put(between, { id, before: [], after: [] })
      run.push(id)
    }
    run.push(right)
    for (let step = 1; step < run.length; step += 1) {
      items.get(run[step - 1] ?? '')?.after.push(run[step] ?? '')
      items.get(run[step] ?? '')?.before.push(run[step - 1] ?? '')
    }
    return left === from ? run : run.toReversed()
  })
  return { layers, runs }
}

/** Each item moves to the middle of those it is joined with, now looking left, now right. */
function untangle(layers: Item[][]): void {
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const side = sweep % 2 === 0 ? 'before' : 'after'
    for (const items of side === 'before' ? layers : layers.toReversed()) {
      const place = new Map(layers.flatMap((some) => some.map(({ id }, index): [string, number] => [id, index / Math.max(1, some.length - 1)])))
      const middle = new Map(items.map((item, index) => {
        const others = item[side].map((id) => place.get(id) ?? 0)
        return [item.id, others.length ? others.reduce((sum, one) => sum + one, 0) / others.length : index / Math.max(1, items.length - 1)]
      }))
      items.sort((a, b) => (middle.get(a.id) ?? 0) - (middle.get(b.id) ?? 0))
    }
  }
}

export function layered(nodes: string[], edges: Edge[]): Drawing {
  const back = backward(nodes, edges)
  const layer = layersOf(nodes, edges.filter((edge) => !back.has(edge)))
  const { layers, runs } = itemsOf(nodes, edges, layer)
  untangle(layers)
  const tall = (item: Item) => (item.node === undefined ? LANE : NODE.height)
  const heights = layers.map((items) => items.reduce((sum, item) => sum + tall(item) + GAP.y, -GAP.y))
  const height = Math.max(NODE.height, ...heights)
  const place = new Map<string, Point & { item: Item }>()
  layers.forEach((items, index) => {
    let y = (height - (heights[index] ?? 0)) / 2
    for (const item of items) {
      place.set(item.id, { x: index * (NODE.width + GAP.x), y, item })
      y += tall(item) + GAP.y
    }
  })
  const spot = (id: string, side: 'left' | 'right'): Point => {
    const { x = 0, y = 0, item } = place.get(id) ?? {}
    return { x: x + (side === 'right' ? NODE.width : 0), y: y + (item ? tall(item) : 0) / 2 }
  }
  return {
    width: layers.length * (NODE.width + GAP.x) - GAP.x,
    height,
    nodes: new Map([...place].flatMap(([id, { x, y, item }]): [string, Point][] => (item.node === undefined ? [] : [[id, { x, y }]]))),
    edges: runs.map((run, index) => {
      const [from = '', to = ''] = edges[index] ?? []
      const leads = (layer.get(from) ?? 0) <= (layer.get(to) ?? 0)
      const [out, into] = leads ? (['right', 'left'] as const) : (['left', 'right'] as const)
      return run.flatMap((id, step) => (step === 0 ? [spot(id, out)] : step === run.length - 1 ? [spot(id, into)] : [spot(id, into), spot(id, out)]))
    }),
  }
}

/** A curve through the points, level where it meets each. */
export function curve(points: Point[]): string {
  const [first, ...rest] = points
  if (!first) return ''
  let at = first
  return rest.reduce((path, point) => {
    const half = (point.x - at.x) / 2
    const bend = `${path} C${at.x + half} ${at.y} ${point.x - half} ${point.y} ${point.x} ${point.y}`
    at = point
    return bend
  }, `M${first.x} ${first.y}`)
}
