import type { ReactNode } from 'react'
import type { LogLine } from '../api/logs'

export interface Chunk {
  key: string
  lines: LogLine[]
  /** The one that is drawn before anything is measured. */
  first: boolean
}

/** Lines that come and go together. */
export const CHUNK = 50
/** A line of one row, until it has been measured. */
export const LINE_PX = 21

export function chunksOf(lines: LogLine[]): Chunk[] {
  return Array.from({ length: Math.ceil(lines.length / CHUNK) }, (_, index) => {
    const some = lines.slice(index * CHUNK, (index + 1) * CHUNK)
    return { key: some[0]?._id ?? `${index} ${some[0]?.['@timestamp'] ?? ''}`, lines: some, first: index === 0 }
  })
}

/** The opener of the line so many lines below one. */
export function neighbour(from: HTMLElement, step: number): HTMLElement | undefined {
  const all = [...(from.closest('.log')?.querySelectorAll<HTMLElement>('.log-open') ?? [])]
  return all[all.indexOf(from) + step]
}

export function levelOf(line: LogLine): string {
  const level = (line.severity ?? '').toLowerCase()
  if (level.startsWith('warn')) return 'warn'
  if (level === 'fatal' || level === 'critical') return 'error'
  return level
}

/** All that a line says, by dotted name, in the order of its own. */
export function flattened(line: LogLine): [string, string][] {
  const rest = Object.entries(line).filter(([name]) => name !== 'sort' && name !== '_id')
  return rest.flatMap(([name, value]) => flat(name, value))
}

function flat(name: string, value: unknown): [string, string][] {
  if (value === undefined || value === null) return []
  if (typeof value !== 'object') return [[name, String(value)]]
  if (Array.isArray(value)) return [[name, value.map((one) => (typeof one === 'object' ? JSON.stringify(one) : String(one))).join(', ')]]
  return Object.entries(value).flatMap(([key, inner]) => flat(`${name}.${key}`, inner))
}

/** One value by its dotted name; found without writing out the others, since every line in sight asks. */
export function valueOf(line: LogLine, field: string): string {
  let at: unknown = line
  let rest = field
  while (rest !== '' && typeof at === 'object' && at !== null) {
    const inner = at as Record<string, unknown>
    if (rest in inner) return flat('', inner[rest]).map(([, value]) => value).join(', ')
    const [first = ''] = rest.split('.', 1)
    at = inner[first]
    rest = rest.slice(first.length + 1)
  }
  return ''
}

/** The message with the plain words of a query marked. */
export function withMarks(text: string, marked: string): ReactNode {
  const words = marked.split(/[\s"()]+/).filter((word) => /^[\p{L}\p{N}_-]{2,}$/u.test(word) && !/^(AND|OR|NOT)$/.test(word))
  if (words.length === 0) return text
  const parts = text.split(new RegExp(`(${words.join('|')})`, 'gi'))
  // The parts of a split have no other identity than their place.
  // oxlint-disable-next-line react/no-array-index-key
  return parts.map((part, index) => (index % 2 ? <mark key={index}>{part}</mark> : part))
}
