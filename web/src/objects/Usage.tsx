import type { ResourceRequirements } from '../api/meta'
import { quoted, useRanged, type Series } from '../api/prom'
import { Card } from '../components/Card'
import { Chart, type Line } from '../components/Chart'
import { Empty, Failure, Loading } from '../components/States'
import { useText } from '../i18n'
import { bytes, number, quantity } from '../i18n/format'

interface Props {
  project: string
  /** Pods whose containers are drawn. */
  pods: string[]
  resources?: ResourceRequirements | undefined
  seconds: number
  /** When it ended, in seconds since the epoch. */
  end?: number | undefined
}

const selector = (project: string, pods: string[]) =>
  `{namespace=${quoted(project)},pod=~${quoted(pods.join('|'))},container!="",container!="POD"}`

export function linesOf(series: Series[] | undefined, name: (labels: Record<string, string>) => string, extra: Partial<Line> = {}): Line[] {
  return (series ?? []).map((one) => ({ name: name(one.labels), points: one.points.map(([time, value]): [number, number] => [time * 1000, value]), ...extra }))
}

/** Cpu and memory of an object's pods beside their limits. */
export function Usage({ project, pods, resources, seconds, end }: Props) {
  const t = useText()
  const known = pods.length > 0
  const by = pods.length > 1 ? 'sum by (pod) ' : 'sum '
  const cpu = useRanged(`${by}(rate(container_cpu_usage_seconds_total${selector(project, pods)}[1m]))`, seconds, end, known)
  const memory = useRanged(`${by}(container_memory_working_set_bytes${selector(project, pods)})`, seconds, end, known)
  const cpuLimit = quantity(resources?.limits?.cpu)
  const memoryLimit = quantity(resources?.limits?.memory)
  const name = (labels: Record<string, string>) => labels.pod ?? ''
  const draw = (query: typeof cpu, body: (series: Series[]) => React.ReactNode) =>
    !known ? <Empty title={t('usage.noPod')} />
    : query.data?.some((one) => one.points.length > 0) ? body(query.data)
    : query.error ? <Failure error={query.error} retry={query.refetch} />
    : query.isPending ? <Loading />
    : <Empty title={t('usage.none')} hint={t('usage.noneHint')} />
  return (
    <>
      <Card className="span-6" title={t('field.cpu')} extra={cpuLimit ? t('usage.limit', { limit: t('unit.cores', { n: number(cpuLimit, 2) }) }) : t('usage.noLimit')}>
        {draw(cpu, (series) => (
          <Chart label={t('field.cpu')} lines={linesOf(series, name)} format={(value) => number(value, 2)}
            {...(cpuLimit && { limit: { value: cpuLimit, label: t('usage.limitLine') } })} />
        ))}
      </Card>
      <Card className="span-6" title={t('field.memory')} extra={memoryLimit ? t('usage.limit', { limit: bytes(memoryLimit) }) : t('usage.noLimit')}>
        {draw(memory, (series) => (
          <Chart label={t('field.memory')} lines={linesOf(series, name)} format={bytes} binary
            {...(memoryLimit && { limit: { value: memoryLimit, label: t('usage.limitLine') } })} />
        ))}
      </Card>
    </>
  )
}
