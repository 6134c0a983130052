import type { FormInstance } from 'antd'
import { useEffect } from 'react'
import { useChosen } from './AlgorithmFields'
import type { Draft } from './draft'

/** Hands the schema of the chosen algorithm's parameters to whoever sends the form. */
export function SchemaOf({ project, take }: { project: string; take: (schema: unknown) => void }) {
  const schema = useChosen(project).version?.spec.parameters
  useEffect(() => take(schema), [schema, take])
  return null
}

/** All of them: those that were written as YAML stand in no field of the form. */
export const argumentsOf = (form: FormInstance<Draft>): Record<string, unknown> => (form.getFieldValue('arguments') ?? {}) as Record<string, unknown>
