import type { InferenceService } from '../../api/generated'
import { useRanged } from '../../api/prom'
import { useSince } from '../../components/address'
import { Card } from '../../components/Card'
import { Chart } from '../../components/Chart'
import { Await, Empty } from '../../components/States'
import { useText } from '../../i18n'
import { duration, number } from '../../i18n/format'
import { Panel, type Curve } from '../../objects/Panel'
import { linesOf } from '../../objects/Usage'
import { useTheme } from '../../theme/ThemeProvider'
import { speaksV2 } from './endpoint'
import { nextMark, stableOf, versionOf } from './rollout'
import { failing, failingBehind, latency, rate, rateBehind } from './traffic'
import { versionWords } from './words'

interface Props {
  service: InferenceService
  project: string
}

/** Requests and latency, as the gateway counts them. */
export function Charts({ service, project }: Props) {
  const { seconds } = useSince()
  const window = { project, name: service.metadata.name, seconds, hint: speaksV2(service) }
  return (
    <>
      {service.status?.rollout && <Versions service={service} project={project} />}
      <Requests {...window} />
      <Latency {...window} />
    </>
  )
}

/** Requests of the old version and of the new one. */
function Versions({ service, project }: Props) {
  const t = useText()
  const { palette } = useTheme()
  const { metadata, status } = service
  const stable = stableOf(service)
  const isNext = (backend = '') => backend.endsWith(nextMark(service))
  const words = (backend: string | undefined) => {
    // The service's own servers become the new version, one by one.
    if (!isNext(backend) && status?.rollout?.state === 'Promoting') return t('rollout.own')
    const version = isNext(backend) ? status?.rollout && versionOf(status.rollout.version) : stable
    return version ? versionWords(t, version, stable) : (backend ?? '')
  }
  const curves: Curve[] = [
    { query: rateBehind(project, metadata.name), name: ({ backend }) => words(backend), tint: ({ backend }) => (isNext(backend) ? palette.accent : palette.muted) },
    { query: failingBehind(project, metadata.name), name: ({ backend }) => t('services.failingOf', { version: words(backend) }), tint: ({ backend }) => (isNext(backend) ? palette.error : palette.warning) },
  ]
  return <Panel className="span-12" title={t('services.ofVersion')} curves={curves} format={(value) => number(value, 2)} empty={<Empty title={t('services.noRequests')} />} />
}

interface Window {
  project: string
  name: string
  seconds: number
  /** Whether there is a tab for sending a request. */
  hint: boolean
}

function NoRequests({ hint }: { hint: boolean }) {
  const t = useText()
  return <Empty title={t('services.noRequests')} {...(hint && { hint: t('services.noRequestsHint') })} />
}

function Requests({ project, name, seconds, hint }: Window) {
  const t = useText()
  const { palette } = useTheme()
  const good = useRanged(rate(project, name), seconds)
  const bad = useRanged(failing(project, name), seconds)
  const lines = [
    ...linesOf(good.data, () => t('services.requests'), { area: true }),
    ...linesOf(bad.data, () => t('services.failing'), { colour: palette.error }),
  ]
  const now = good.data?.[0]?.points.at(-1)?.[1]
  return (
    <Card className="span-6" title={t('services.rate')} extra={now !== undefined && <strong>{t('services.rateNow', { rate: number(now) })}</strong>}>
      <Await of={good}>{() => (lines.length ? <Chart label={t('services.rate')} lines={lines} format={(value) => number(value, 2)} /> : <NoRequests hint={hint} />)}</Await>
    </Card>
  )
}

const QUANTILES = [0.5, 0.99] as const

function Latency({ project, name, seconds, hint }: Window) {
  const t = useText()
  const median = useRanged(latency(QUANTILES[0], project, name), seconds)
  const slow = useRanged(latency(QUANTILES[1], project, name), seconds)
  const finite = (lines: ReturnType<typeof linesOf>) => lines.map((line) => ({ ...line, points: line.points.filter(([, value]) => Number.isFinite(value)) })).filter((line) => line.points.length > 0)
  const lines = [...finite(linesOf(median.data, () => 'p50')), ...finite(linesOf(slow.data, () => 'p99'))]
  const now = slow.data?.[0]?.points.findLast(([, value]) => Number.isFinite(value))?.[1]
  return (
    <Card className="span-6" title={t('services.latency')} extra={now !== undefined && <strong>p99 {duration(now)}</strong>}>
      <Await of={slow}>{() => (lines.length ? <Chart label={t('services.latency')} lines={lines} format={duration} /> : <NoRequests hint={hint} />)}</Await>
    </Card>
  )
}
