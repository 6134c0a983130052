import type { ApplicationSpec } from '../../api/generated'

type Env = NonNullable<ApplicationSpec['env']>[number]

/** One environment variable in the form; `kept` is what stood there, with what the form does not know. */
export interface VariableDraft {
  name?: string
  from: 'value' | 'config' | 'secret' | 'other'
  value?: string
  /** Name of the ConfigMap or the Secret. */
  of?: string
  key?: string
  kept?: Env
}

export function envOf(variables: VariableDraft[]): Env[] {
  return variables.map(({ name = '', from, value = '', of = '', key = '', kept }) => {
    if (from === 'value') return { name, value }
    if (from === 'config') return { name, valueFrom: { configMapKeyRef: { ...kept?.valueFrom?.configMapKeyRef, name: of, key } } }
    if (from === 'secret') return { name, valueFrom: { secretKeyRef: { ...kept?.valueFrom?.secretKeyRef, name: of, key } } }
    return { ...kept, name }
  })
}

export function variablesOf(env: Env[]): VariableDraft[] {
  return env.map((kept) => {
    const { name, value, valueFrom } = kept
    const [config, secret] = [valueFrom?.configMapKeyRef, valueFrom?.secretKeyRef]
    if (config) return { name, from: 'config', of: config.name, key: config.key, kept }
    if (secret) return { name, from: 'secret', of: secret.name, key: secret.key, kept }
    return valueFrom ? { name, from: 'other', kept } : { name, from: 'value', value: value ?? '', kept }
  })
}
