import type { InferenceService } from '../../api/generated'

/** The name that the model server knows the model by. */
export const modelName = (service: InferenceService): string =>
  service.status?.modelName ?? service.spec.model.replace('models:/', '').split(/[/@]/)[0] ?? ''

/** Address of the service's infer call on the gateway. */
export function endpoint(service: InferenceService, project: string, gateway: string | undefined): string {
  const path = service.status?.url ?? `/serve/${project}/${service.metadata.name}`
  const base = /^https?:/.test(path) ? path : `${gateway ?? ''}${path}`
  return base.includes('/v2/') ? base : `${base.replace(/\/$/, '')}/v2/models/${modelName(service)}/infer`
}

export function example(url: string): string {
  return [
    `curl ${url}`,
    `  -H 'content-type: application/json'`,
    `  -H "authorization: Bearer $DAIS_TOKEN"`,
    `  -d '{"inputs": [{"name": "X", "datatype": "FP32", "shape": [1, 64], "data": [0, 0, 5, …]}]}'`,
  ].join(' \\\n')
}
