import type { Language } from '../../i18n'

/** One parameter as a form draws it. */
export interface Field {
  name: string
  title: string
  description?: string | undefined
  kind: 'number' | 'integer' | 'boolean' | 'text' | 'choice' | 'list'
  /** Of a list. */
  items?: 'number' | 'integer' | 'text'
  choices?: unknown[]
  min?: number | undefined
  max?: number | undefined
  /** The least and the greatest value are not allowed themselves. */
  above?: number | undefined
  under?: number | undefined
  pattern?: string | undefined
  minLength?: number | undefined
  maxLength?: number | undefined
  required: boolean
  fallback?: unknown
}

export interface Drawn {
  fields: Field[]
  /** Parameters that only YAML can say. */
  rest: string[]
}

type Property = Record<string, unknown>
/** What a property may say and still be drawn whole; anything else would be lost in a form. */
const WORDS = new Set(['type', 'title', 'description', 'default', 'enum', 'const', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'pattern', 'minLength', 'maxLength', 'items', 'uniqueItems', 'minItems', 'maxItems', 'multipleOf', 'format', 'examples', '$comment', 'deprecated', 'readOnly', 'writeOnly'])

const isObject = (value: unknown): value is Property => typeof value === 'object' && value !== null && !Array.isArray(value)
const number = (value: unknown) => (typeof value === 'number' ? value : undefined)
const text = (value: unknown) => (typeof value === 'string' ? value : undefined)

/** A JSON Schema of parameters as the fields of a form. */
export function fieldsOf(schema: unknown, language: Language): Drawn {
  const whole = isObject(schema) ? schema : {}
  const properties = isObject(whole.properties) ? whole.properties : {}
  const required = new Set(Array.isArray(whole.required) ? whole.required : [])
  const drawn: Drawn = { fields: [], rest: [] }
  for (const [name, given] of Object.entries(properties)) {
    const field = isObject(given) ? fieldOf(name, given, required.has(name), language) : undefined
    if (field) drawn.fields.push(field)
    else drawn.rest.push(name)
  }
  return drawn
}

function fieldOf(name: string, of: Property, required: boolean, language: Language): Field | undefined {
  if (Object.keys(of).some((word) => !WORDS.has(word) && !word.startsWith('x-'))) return undefined
  const said = (key: string) => (language === 'zh-CN' ? text(of[`x-${key}-zh`]) : undefined) ?? text(of[key])
  const common = { name, title: said('title') ?? name, description: said('description'), required, ...('default' in of && { fallback: of.default }) }
  const range = { min: number(of.minimum), max: number(of.maximum), above: number(of.exclusiveMinimum), under: number(of.exclusiveMaximum) }
  if (Array.isArray(of.enum)) return of.enum.every((one) => !isObject(one) && !Array.isArray(one)) ? { ...common, kind: 'choice', choices: of.enum } : undefined
  switch (of.type) {
    case 'number':
    case 'integer':
      return { ...common, kind: of.type, ...range }
    case 'boolean':
      return { ...common, kind: 'boolean' }
    case 'string':
      return { ...common, kind: 'text', pattern: text(of.pattern), minLength: number(of.minLength), maxLength: number(of.maxLength) }
    case 'array': {
      const items = isObject(of.items) ? of.items.type : undefined
      if (items !== 'string' && items !== 'number' && items !== 'integer') return undefined
      return { ...common, kind: 'list', items: items === 'string' ? 'text' : items }
    }
    default:
      return undefined
  }
}

/** A value as a job holds it. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

const isEmpty = (value: unknown, field: Field | undefined) => value === undefined || value === null || (value === '' && field?.kind !== 'text')
const sameAs = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other)

/** What a job has to say: neither what is empty nor what is so anyway. */
export function parametersOf(values: Record<string, unknown>, fields: Field[]): Record<string, string> {
  const known = new Map(fields.map((field) => [field.name, field]))
  const said = Object.entries(values).filter(([name, value]) => {
    const field = known.get(name)
    if (isEmpty(value, field) || (value === '' && field?.required)) return false
    return field?.fallback === undefined ? value !== '' : !sameAs(value, field.fallback)
  })
  return Object.fromEntries(said.map(([name, value]) => [name, textOf(value)]))
}

/** The first values of a form. */
export const fallbacksOf = (fields: Field[]): Record<string, unknown> =>
  Object.fromEntries(fields.flatMap(({ name, fallback }) => (fallback === undefined ? [] : [[name, fallback]])))

/** Words such as `0 < x ≤ 1` for a range. */
export function rangeOf({ min, max, above, under }: Field): string {
  const low = above !== undefined ? `${above} <` : min !== undefined ? `${min} ≤` : ''
  const high = under !== undefined ? `< ${under}` : max !== undefined ? `≤ ${max}` : ''
  return low || high ? `${low} x ${high}`.trim() : ''
}
