import type { ABTest } from '../../api/generated'
import type { Metric } from './arms'

const TOKEN = `  -H "authorization: Bearer $DAIS_TOKEN"`

/** Address on the gateway. */
export function endpoint(test: ABTest, project: string, gateway: string | undefined): string {
  const path = test.status?.url ?? `/serve/${project}/${test.metadata.name}`
  return /^https?:/.test(path) ? path : `${gateway ?? ''}${path.replace(/\/$/, '')}/`
}

/** A request of a person whose key is `someone`. */
export function requestExample({ spec }: ABTest, url: string): string {
  const { header, cookie } = spec.key
  const key = header ? [`  -H '${header}: someone'`] : cookie ? [`  -H 'cookie: ${cookie}=someone'`] : []
  return [`curl -i ${url}`, TOKEN, ...key].join(' \\\n')
}

/** The first metric whose values come from outside. */
export const feedbackOf = ({ spec }: ABTest): Metric | undefined => spec.metrics.find(({ source }) => !source?.builtin && !source?.dataset)

/** Outcomes go to the platform itself, and name the request by what its answer carried in `x-dais-request-id`. */
export function feedbackExample(metric: Metric, project: string, platform: string): string {
  const name = metric.source?.feedback ?? metric.name
  const body = JSON.stringify({ requestId: '…', metric: name, value: 1 })
  return [`curl '${platform}/feedback?project=${encodeURIComponent(project)}'`, TOKEN, `  -d '${body}'`].join(' \\\n')
}
