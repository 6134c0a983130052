import { by, quoted, useInstant } from '../../api/prom'
import type { InferenceService } from '../../api/generated'
import { lineOf } from './commandLine'

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
export const modelLabel = (service: InferenceService): string => service.spec.model?.replace('models:/', '') ?? ''

const LONGEST = 48

/** What answers, in short: a model, or the line of a program. */
export function servedLabel(service: InferenceService): string {
  const line = lineOf(service.spec.server?.command ?? [])
  return modelLabel(service) || (line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line)
}

/** Requests and failed requests a second, by backend: the service's own servers, and those of a version on its way in. */
export const rateBehind = (project: string, service: string) =>
  `sum by (backend) (rate(dais_gateway_backend_requests_total${labels(project, service)}[1m]))`
export const failingBehind = (project: string, service: string) =>
  `sum by (backend) (rate(dais_gateway_backend_failures_total${labels(project, service)}[1m]))`

/** The lines in which the gateway wrote a service's requests and answers down: under the service's own name, and no other line has an answer. */
export const recordedLines = ({ metadata }: InferenceService): string =>
  `app=${encodeURIComponent(metadata.name)}&q=${encodeURIComponent('_exists_:fields.response.status')}&columns=${encodeURIComponent('user,fields.backend')}`
