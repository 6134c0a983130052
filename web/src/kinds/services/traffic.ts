import { by, quoted, useInstant } from '../../api/prom'
import type { InferenceService } from '../../api/generated'

/** PromQL over what the gateway counts, for one service or for all of a project. */
const labels = (project: string, service?: string, more = '') =>
  `{namespace=${quoted(project)}${service ? `,service=${quoted(service)}` : ''}${more}}`

export const rate = (project: string, service?: string) =>
  `sum by (service) (rate(dais_gateway_requests_total${labels(project, service)}[1m]))`
export const failing = (project: string, service?: string) =>
  `sum by (service) (rate(dais_gateway_requests_total${labels(project, service, ',code=~"5.."')}[1m]))`
export const latency = (quantile: number, project: string, service?: string) =>
  `histogram_quantile(${quantile}, sum by (service, le) (rate(dais_gateway_request_duration_seconds_bucket${labels(project, service)}[1m])))`

export interface Traffic {
  rate: number | undefined
  p99: number | undefined
}

/** Requests a second and the 99th percentile, by service. */
export function useTraffic(project: string): (service: string) => Traffic {
  const rates = by(useInstant(rate(project)).data, 'service')
  const p99 = by(useInstant(latency(0.99, project)).data, 'service')
  return (service) => ({ rate: rates.get(service), p99: p99.get(service) })
}

export const serviceApp = (service: InferenceService): string => service.spec.application ?? service.metadata.name
export const modelLabel = (service: InferenceService): string => service.spec.model.replace('models:/', '')
