import { useModels, useVersions } from '../../api/mlflow'

/** Everything that a service may name: aliases first, then versions. */
export function useReferences(project: string): { value: string }[] {
  const models = useModels(project).data ?? []
  const versions = useVersions(project).data ?? []
  return [
    ...models.flatMap((model) => (model.aliases ?? []).map(({ alias }) => ({ value: `models:/${model.name}@${alias}` }))),
    ...versions.map(({ name, version }) => ({ value: `models:/${name}/${version}` })),
  ]
}

export const REFERENCE = /^models:\/[^/@]+(\/[1-9][0-9]*|@[A-Za-z0-9_.-]+)$/
