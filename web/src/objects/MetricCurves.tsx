import { useHistory, type Run, type RunMetric } from '../api/mlflow'
import { Card } from '../components/Card'
import { Chart } from '../components/Chart'
import { Empty, Failure, Loading } from '../components/States'
import { useText } from '../i18n'
import { metric } from '../i18n/format'

interface Props {
  project: string
  run: { data: Run | undefined; error: Error | null; fetchStatus: string }
  live: boolean
  /** At most so many cards. */
  most?: number
}

/** `val_loss` and `loss` are one question: they share a card. */
export function grouped(keys: string[]): [string, string[]][] {
  const groups = new Map<string, string[]>()
  for (const key of keys) {
    const stem = key.replace(/^(train|training|val|valid|validation|test|eval)[_/.-]/i, '')
    groups.set(stem, [...(groups.get(stem) ?? []), key])
  }
  // Curves that were drawn more than once first: loss before anything else.
  return [...groups].toSorted(([a], [b]) => Number(/loss/i.test(b)) - Number(/loss/i.test(a)))
}

/** The curves that a run logged, one card for each question. */
export function MetricCurves({ project, run, live, most = Infinity }: Props) {
  const t = useText()
  const keys = run.data?.data.metrics?.map((one) => one.key) ?? []
  if (run.error) return <Card className="span-12"><Failure error={run.error} /></Card>
  if (!run.data && run.fetchStatus === 'fetching') return <Card className="span-12"><Loading /></Card>
  if (keys.length === 0) {
    return most === Infinity ? <Card className="span-12"><Empty title={t('curves.none')} hint={t('curves.noneHint')} /></Card> : null
  }
  const groups = grouped(keys).slice(0, most)
  return groups.map(([stem, members]) => (
    <Card key={stem} className={groups.length === 1 ? 'span-12' : 'span-6'} title={stem} extra={t('curves.steps')}>
      <Curves project={project} run={run.data?.info.run_id} keys={members} live={live} />
    </Card>
  ))
}

function Curves({ project, run, keys, live }: { project: string; run: string | undefined; keys: string[]; live: boolean }) {
  const t = useText()
  // A card has at most a handful of keys and they do not change their order.
  const [a = '', b = '', c = ''] = keys
  const first = useHistory(project, run, a, live)
  const second = useHistory(project, b ? run : undefined, b, live)
  const third = useHistory(project, c ? run : undefined, c, live)
  const lines = [{ name: a, of: first }, { name: b, of: second }, { name: c, of: third }].filter((one) => one.name !== '')
  if (first.isPending) return <Loading />
  if (first.error) return <Failure error={first.error} />
  if (lines.every((one) => (one.of.data?.length ?? 0) <= 1)) {
    return (
      <div className="row wrap" style={{ gap: 28, padding: '12px 0' }}>
        {lines.map((one) => (
          <div key={one.name}>
            <div className="big-number numbers">{metric(one.of.data?.[0]?.value)}</div>
            <div className="muted small">{one.name}</div>
          </div>
        ))}
      </div>
    )
  }
  return (
    <Chart label={t('curves.label', { name: keys.join(', ') })} over="step" zero={false} format={metric}
      lines={lines.map((one) => ({ name: one.name, points: pointsOf(one.of.data ?? []) }))} />
  )
}

/** By step; programs that log no step are drawn in their order. */
export function pointsOf(history: RunMetric[]): [number, number][] {
  const stepped = history.some((one) => Number(one.step ?? 0) !== 0)
  const points = history.map((one, index): [number, number] => [stepped ? Number(one.step ?? 0) : index, one.value])
  return points.toSorted((a, b) => a[0] - b[0])
}
