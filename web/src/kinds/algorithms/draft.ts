import { parse, stringify } from 'yaml'
import type { Algorithm, AlgorithmSpec } from '../../api/generated'
import { words } from '../jobs/command'
import { CAUSE } from '../applications/draft'

/** What the form holds. */
export interface AlgorithmDraft {
  name: string
  title?: string
  description?: string
  command: string
  bundle?: string
  environment?: string
  inputs: { name?: string; description?: string; optional?: boolean }[]
  model?: string
  cpu?: string
  memory?: string
  /** JSON Schema, written as YAML. */
  schema?: string
  why?: string
}

const EXAMPLE = `type: object
required: [target]
properties:
  target:
    title: Target column
    type: string
  learning_rate:
    title: Learning rate
    type: number
    exclusiveMinimum: 0
    maximum: 1
    default: 0.1
`

export const BLANK: AlgorithmDraft = { name: '', command: 'python main.py', inputs: [{ name: 'data' }], schema: EXAMPLE }

/** A JSON Schema out of YAML that a person wrote; what is wrong with it is thrown. */
export function schemaOf(text: string | undefined): Record<string, unknown> | undefined {
  const value = parse(text ?? '') as unknown
  if (value === null || value === undefined) return undefined
  if (typeof value !== 'object' || Array.isArray(value)) throw new Error('type: object')
  return value as Record<string, unknown>
}

const quoted = (word: string) => (/^[\w@%+=:,./$()-]+$/.test(word) ? word : `"${word.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`)

export function draftOf({ metadata, spec }: Algorithm): AlgorithmDraft {
  const { limits } = spec.resources ?? {}
  const text = (value: unknown) => (value === undefined || value === null ? undefined : String(value))
  const known = { title: spec.title, description: spec.description, bundle: spec.code?.bundle, environment: spec.environment, model: spec.outputs?.model, cpu: text(limits?.cpu), memory: text(limits?.memory) }
  return {
    name: metadata.name, command: spec.command.map(quoted).join(' '), inputs: (spec.inputs ?? []).map(({ name, description, optional }) => ({ name, ...(description && { description }), ...(optional && { optional }) })),
    schema: spec.parameters && Object.keys(spec.parameters).length > 0 ? stringify(spec.parameters) : '',
    ...(Object.fromEntries(Object.entries(known).filter(([, value]) => value)) as Partial<AlgorithmDraft>),
  }
}

/** The spec that a draft stands for; what the form does not show stays as it was. */
export function specOf(draft: AlgorithmDraft, before?: AlgorithmSpec): AlgorithmSpec {
  const { title, description, command, bundle, environment, inputs, model, cpu, memory, schema } = draft
  const parameters = schemaOf(schema)
  const rest = { ...before }
  for (const shown of ['title', 'description', 'code', 'environment', 'inputs', 'outputs', 'resources', 'parameters'] as const) delete rest[shown]
  const limits = { ...before?.resources?.limits, ...(cpu && { cpu }), ...(memory && { memory }) }
  if (!cpu) delete limits.cpu
  if (!memory) delete limits.memory
  const named = inputs.flatMap(({ name, description: about, optional }) => {
    if (!name) return []
    const path = before?.inputs?.find((one) => one.name === name)?.mountPath
    return [{ name, ...(about && { description: about }), ...(optional && { optional }), ...(path && { mountPath: path }) }]
  })
  const outputs = { ...(model && { model }), ...(before?.outputs?.metrics?.length && { metrics: before.outputs.metrics }) }
  return {
    ...rest,
    command: words(command),
    ...(title && { title }), ...(description && { description }), ...(bundle && { code: { bundle } }), ...(environment && { environment }),
    ...(named.length > 0 && { inputs: named }), ...(Object.keys(outputs).length > 0 && { outputs }),
    ...(Object.keys(limits).length > 0 && { resources: { ...before?.resources, limits } }), ...(parameters && { parameters }),
  } as AlgorithmSpec
}

export function algorithmOf(draft: AlgorithmDraft, namespace: string): Algorithm {
  return { apiVersion: 'dais.io/v1alpha1', kind: 'Algorithm', metadata: { name: draft.name, namespace, ...(draft.why && { annotations: { [CAUSE]: draft.why } }) }, spec: specOf(draft) }
}

/** Where a field of the specification stands in the form. */
export function placeOf({ field = '' }: { field?: string }): string | (string | number)[] | undefined {
  const input = /^spec\.inputs\[(\d+)\](?:\.(\w+))?/.exec(field)
  if (input) return ['inputs', Number(input[1]), input[2] ?? 'name']
  if (field.startsWith('spec.code')) return 'bundle'
  if (field.startsWith('spec.outputs')) return 'model'
  if (field.startsWith('spec.parameters')) return 'schema'
  if (field.startsWith('spec.resources')) return field.includes('memory') ? 'memory' : 'cpu'
  return /^(?:metadata|spec)\.(\w+)/.exec(field)?.[1]
}
