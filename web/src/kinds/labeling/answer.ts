import type { Answer, Box, LabelConfig, Polygon, Span } from '../../api/labeling'

/** The answer of a task that nobody has touched. */
export function blank(kind: LabelConfig['kind']): Answer | undefined {
  if (kind === 'imageBoxes') return { boxes: { shapes: [] } }
  if (kind === 'imagePolygons') return { polygons: { shapes: [] } }
  if (kind === 'textSpans') return { spans: [] }
  if (kind === 'preference') return undefined
  return { choices: [] }
}

export const choicesOf = (answer: Answer | undefined): string[] => (answer && 'choices' in answer ? answer.choices : [])
export const spansOf = (answer: Answer | undefined): Span[] => (answer && 'spans' in answer ? answer.spans : [])
export const boxesOf = (answer: Answer | undefined): Box[] => (answer && 'boxes' in answer ? answer.boxes.shapes : [])
export const polygonsOf = (answer: Answer | undefined): Polygon[] => (answer && 'polygons' in answer ? answer.polygons.shapes : [])
export const sideOf = (answer: Answer | undefined) => (answer && 'preference' in answer ? answer.preference : undefined)

/** One label chosen, or taken back; one at a time unless several are asked for. */
export function chosen(choices: string[], label: string, several: boolean): string[] {
  if (choices.includes(label)) return choices.filter((one) => one !== label)
  return several ? [...choices, label] : [label]
}

/** How many labels, shapes or spans there are. */
export function sizeOf(answer: Answer | undefined): number {
  if (!answer) return 0
  if ('choices' in answer) return answer.choices.length
  if ('spans' in answer) return answer.spans.length
  if ('boxes' in answer) return answer.boxes.shapes.length
  if ('polygons' in answer) return answer.polygons.shapes.length
  return 1
}

/** Whether it may be handed in; the service has the last word. */
export function isEnough(answer: Answer | undefined, config: LabelConfig): boolean {
  if (!answer) return false
  const size = sizeOf(answer)
  return size >= Math.max(config.minimum ?? 0, 'choices' in answer ? 1 : 0) && size <= (config.maximum ?? Infinity)
}

export interface Key { key: string; label: string; color: string }

const COLORS = ['#1f6feb', '#0fa697', '#7c5cfc', '#c2588b', '#b7791f', '#64748b', '#d92d20', '#0e7a4b']
const DIGITS = '1234567890'

/** The key and colour of each label: its own, else the next digit that is free. */
export function keysOf(config: LabelConfig): Key[] {
  const labels = config.kind === 'preference' ? [{ name: 'left' }, { name: 'right' }, ...(config.ties ? [{ name: 'tie' }] : [])] : (config.labels ?? [])
  const taken = new Set(labels.map((label) => ('hotkey' in label && label.hotkey) || ''))
  const free = [...DIGITS].filter((digit) => !taken.has(digit))
  return labels.map((label, at) => ({
    label: label.name,
    key: ('hotkey' in label && label.hotkey) || free.shift() || '',
    color: ('color' in label && label.color) || COLORS[at % COLORS.length] || '#1f6feb',
  }))
}

/** Of a text: its characters as Unicode counts them, which are not JavaScript's. */
export const charactersOf = (text: string): string[] => [...text]

/** Of a dataset's version, the dataset. */
export const datasetOf = (reference: string): string => reference.split('@')[0] ?? reference

/** From a place in JavaScript's counting to Unicode's. */
export const toCharacters = (text: string, units: number): number => charactersOf(text.slice(0, units)).length

export interface Piece { text: string; start: number; labels: Span[] }

/** A text cut where spans begin and end. */
export function piecesOf(text: string, spans: Span[]): Piece[] {
  const characters = charactersOf(text)
  const cuts = [...new Set([0, characters.length, ...spans.flatMap(({ start, end }) => [start, end])])].filter((cut) => cut >= 0 && cut <= characters.length).toSorted((a, b) => a - b)
  return cuts.slice(0, -1).map((start, at) => {
    const end = cuts[at + 1] ?? characters.length
    return { text: characters.slice(start, end).join(''), start, labels: spans.filter((span) => span.start <= start && span.end >= end) }
  })
}

/** Where words begin and end, for choosing them by keys. Chinese has no spaces: a character each. */
export function wordsOf(text: string): { start: number; end: number }[] {
  const words: { start: number; end: number }[] = []
  const segments = new Intl.Segmenter(undefined, { granularity: 'word' }).segment(text)
  for (const { segment, index, isWordLike } of segments) {
    if (isWordLike) words.push({ start: toCharacters(text, index), end: toCharacters(text, index + segment.length) })
  }
  return words
}

const within = (value: number, most: number) => Math.min(Math.max(value, 0), most)

/** Two corners of a box, in any order, inside the image. */
export function boxBetween(label: string, [ax, ay]: [number, number], [bx, by]: [number, number]): Box {
  const [x, y] = [within(Math.min(ax, bx), 100), within(Math.min(ay, by), 100)]
  return { label, x, y, width: within(Math.max(ax, bx), 100) - x, height: within(Math.max(ay, by), 100) - y }
}

/** Moved, or with `grow` made larger from its upper left corner; always inside the image. */
export function nudged(box: Box, [dx, dy]: [number, number], grow: boolean): Box {
  if (grow) return { ...box, width: within(box.width + dx, 100 - box.x) || 0.5, height: within(box.height + dy, 100 - box.y) || 0.5 }
  return { ...box, x: within(box.x + dx, 100 - box.width), y: within(box.y + dy, 100 - box.height) }
}

export function shifted(polygon: Polygon, [dx, dy]: [number, number]): Polygon {
  const inside = polygon.points.every(([x, y]) => x + dx >= 0 && x + dx <= 100 && y + dy >= 0 && y + dy <= 100)
  return inside ? { ...polygon, points: polygon.points.map(([x, y]) => [x + dx, y + dy]) } : polygon
}
