import type { InferenceService } from '../../api/generated'

/** The built-in server answers the Open Inference Protocol v2; what a program answers, only the program knows. */
export const speaksV2 = ({ spec }: InferenceService): boolean => !spec.server

/** The name that the model server knows the model by. */
export const modelName = ({ spec, status }: InferenceService): string =>
  status?.modelName ?? spec.model?.replace('models:/', '').split(/[/@]/)[0] ?? ''

/** Address on the gateway: of the infer call, or of whatever the program answers. */
export function endpoint(service: InferenceService, project: string, gateway: string | undefined): string {
  const path = service.status?.url ?? `/serve/${project}/${service.metadata.name}`
  const base = /^https?:/.test(path) ? path : `${gateway ?? ''}${path}`
  if (base.includes('/v2/')) return base
  const root = base.replace(/\/$/, '')
  return speaksV2(service) ? `${root}/v2/models/${modelName(service)}/infer` : `${root}/`
}

const TOKEN = `  -H "authorization: Bearer $DAIS_TOKEN"`

export function example(service: InferenceService, url: string): string {
  if (!speaksV2(service)) return [`curl ${url}`, TOKEN].join(' \\\n')
  return [
    `curl ${url}`,
    `  -H 'content-type: application/json'`,
    TOKEN,
    `  -d '{"inputs": [{"name": "X", "datatype": "FP32", "shape": [1, 64], "data": [0, 0, 5, …]}]}'`,
  ].join(' \\\n')
}
