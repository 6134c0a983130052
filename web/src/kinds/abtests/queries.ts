import type { ABTest } from '../../api/generated'
import { quoted } from '../../api/prom'

const literal = (name: string): string => name.replaceAll('.', '\\.')

/** What the gateway counts at the test's address, and at that of the service whose place it takes. */
const select = (project: string, { metadata, spec }: ABTest, more = '') =>
  `{namespace=${quoted(project)},service=~${quoted([metadata.name, ...(spec.route ? [spec.route] : [])].map(literal).join('|'))}${more}}`

const behind = (project: string, test: ABTest, backend: string) => select(project, test, `,backend=${quoted(backend)}`)
const rate = (counter: string, where: string) => `sum(rate(dais_gateway_backend_${counter}_total${where}[2m]))`

export const rateBehind = (project: string, test: ABTest, backend: string) => rate('requests', behind(project, test, backend))
export const failingBehind = (project: string, test: ABTest, backend: string) => rate('failures', behind(project, test, backend))
/** Mean seconds to the head of an answer. */
export const latencyBehind = (project: string, test: ABTest, backend: string) => `${rate('seconds', behind(project, test, backend))} / ${rate('requests', behind(project, test, backend))}`
/** Part of all requests. */
export const shareBehind = (project: string, test: ABTest, backend: string) => `${rate('requests', behind(project, test, backend))} / ${rate('requests', select(project, test))}`
