import type { InferenceService } from '../../api/generated'
import { CREATED_BY } from '../../api/kinds'
import type { Pod } from '../../api/meta'
import { useRanged } from '../../api/prom'
import { useInfo } from '../../api/session'
import type { Listed } from '../../api/useKube'
import { useSince } from '../../components/address'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { Chart } from '../../components/Chart'
import { Code } from '../../components/Code'
import { Facts } from '../../components/Facts'
import { Await, Empty } from '../../components/States'
import { useText } from '../../i18n'
import { duration, number } from '../../i18n/format'
import { useTheme } from '../../theme/ThemeProvider'
import { PodTable } from '../../objects/PodTable'
import { linesOf, Usage } from '../../objects/Usage'
import { endpoint, example } from './endpoint'
import { failing, latency, modelLabel, rate, serviceApp } from './traffic'

interface Props {
  service: InferenceService
  pods: Listed<Pod>
  project: string
}

export function Overview({ service, pods, project }: Props) {
  const t = useText()
  const { seconds } = useSince()
  const info = useInfo()
  const url = endpoint(service, project, info.data?.gateway)
  const podNames = (pods.data ?? []).map((pod) => pod.metadata.name)
  return (
    <div className="grid">
      <Requests project={project} name={service.metadata.name} seconds={seconds} />
      <Latency project={project} name={service.metadata.name} seconds={seconds} />
      <Card className="span-8" title={t('services.endpoint')}>
        <div className="stack tight">
          <Code text={url} label={t('services.endpoint')} />
          <p className="muted small">{t('services.endpointHint')}</p>
          <Code text={example(url)} wrap label={t('services.example')} />
        </div>
      </Card>
      <Card className="span-4" title={t('jobs.about')}>
        <Facts of={[
          [t('jobs.model'), modelLabel(service)],
          [t('datasets.version'), service.status?.modelVersion],
          [t('services.replicas'), t('services.replicasOf', { ready: service.status?.readyReplicas ?? 0, wanted: service.spec.replicas ?? 1 })],
          [t('field.application'), serviceApp(service)],
          [t('field.createdBy'), service.metadata.annotations?.[CREATED_BY]],
          [t('field.created'), <Ago key="created" time={service.metadata.creationTimestamp} />],
        ]} />
      </Card>
      <Card className="span-12" title={t('services.replicas')}><PodTable pods={pods} /></Card>
      <Usage project={project} pods={podNames} resources={service.spec.resources} seconds={seconds} />
    </div>
  )
}

interface Window {
  project: string
  name: string
  seconds: number
}

function Requests({ project, name, seconds }: Window) {
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
      <Await of={good}>{() => (lines.length ? <Chart label={t('services.rate')} lines={lines} format={(value) => number(value, 2)} /> : <Empty title={t('services.noRequests')} hint={t('services.noRequestsHint')} />)}</Await>
    </Card>
  )
}

const QUANTILES = [0.5, 0.99] as const

function Latency({ project, name, seconds }: Window) {
  const t = useText()
  const median = useRanged(latency(QUANTILES[0], project, name), seconds)
  const slow = useRanged(latency(QUANTILES[1], project, name), seconds)
  const finite = (lines: ReturnType<typeof linesOf>) => lines.map((line) => ({ ...line, points: line.points.filter(([, value]) => Number.isFinite(value)) })).filter((line) => line.points.length > 0)
  const lines = [...finite(linesOf(median.data, () => 'p50')), ...finite(linesOf(slow.data, () => 'p99'))]
  const now = slow.data?.[0]?.points.findLast(([, value]) => Number.isFinite(value))?.[1]
  return (
    <Card className="span-6" title={t('services.latency')} extra={now !== undefined && <strong>p99 {duration(now)}</strong>}>
      <Await of={slow}>{() => (lines.length ? <Chart label={t('services.latency')} lines={lines} format={duration} /> : <Empty title={t('services.noRequests')} hint={t('services.noRequestsHint')} />)}</Await>
    </Card>
  )
}
