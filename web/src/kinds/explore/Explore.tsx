import { Button, Input } from 'antd'
import { useState } from 'react'
import { quoted, useRanged, type Series } from '../../api/prom'
import { useAddress, useSince } from '../../components/address'
import { Card } from '../../components/Card'
import { Chart } from '../../components/Chart'
import { DataTable, type Column } from '../../components/DataTable'
import { PageHead } from '../../components/PageHead'
import { Await, Empty } from '../../components/States'
import { useProject } from '../../frame/useProject'
import { useText, type MessageKey } from '../../i18n'
import { metric } from '../../i18n/format'
import { linesOf } from '../../objects/Usage'

/** More lines than this tell nobody anything; the table has them all. */
const DRAWN = 20

const questions = (project: string): [MessageKey, string][] => [
  ['explore.cpu', `sum by (pod) (rate(container_cpu_usage_seconds_total{namespace=${quoted(project)},container!=""}[1m]))`],
  ['explore.memory', `sum by (pod) (container_memory_working_set_bytes{namespace=${quoted(project)},container!=""})`],
  ['explore.requests', `sum by (service, code) (rate(dais_gateway_requests_total{namespace=${quoted(project)}}[1m]))`],
  ['explore.phases', `sum by (phase) (kube_pod_status_phase{namespace=${quoted(project)}})`],
]

/** Any question in PromQL, drawn over the time range. */
export function Explore() {
  const t = useText()
  const project = useProject()
  const [expression, setExpression] = useAddress('expr')
  const [draft, setDraft] = useState(expression)
  const ask = (text: string) => {
    setDraft(text)
    setExpression(text.trim())
  }
  return (
    <>
      <PageHead title={t('nav.explore')} />
      <div className="stack">
        <Card>
          <div className="row" style={{ alignItems: 'flex-start' }}>
            <Input.TextArea className="mono" autoSize={{ minRows: 1, maxRows: 8 }} spellCheck={false} value={draft} aria-label={t('explore.expression')} placeholder="rate(dais_gateway_requests_total[1m])"
              onChange={(event) => setDraft(event.target.value)}
              onPressEnter={(event) => { if (!event.shiftKey) { event.preventDefault(); ask(draft) } }} />
            <Button type="primary" onClick={() => ask(draft)}>{t('explore.ask')}</Button>
          </div>
          <div className="row wrap" style={{ marginTop: 10 }}>
            {questions(project).map(([label, text]) => <Button key={label} size="small" onClick={() => ask(text)}>{t(label)}</Button>)}
          </div>
        </Card>
        {expression ? <Answer expression={expression} /> : <Card><Empty title={t('explore.none')} hint={t('explore.noneHint')} /></Card>}
      </div>
    </>
  )
}

const named = (labels: Record<string, string>): string => {
  const { __name__: name = '', ...rest } = labels
  const inner = Object.entries(rest).map(([key, value]) => `${key}="${value}"`).join(', ')
  return inner ? `${name}{${inner}}` : name || '{}'
}
const last = (series: Series): number | undefined => series.points.at(-1)?.[1]

function Answer({ expression }: { expression: string }) {
  const t = useText()
  const { seconds } = useSince()
  const answer = useRanged(expression, seconds)
  const columns: Column<Series>[] = [
    { key: 'series', title: t('explore.series'), sort: (one) => named(one.labels), cell: (one) => <span className="mono wraps">{named(one.labels)}</span> },
    { key: 'value', title: t('explore.newest'), align: 'right', sort: last, cell: (one) => metric(last(one)) },
  ]
  return (
    <Await of={answer}>
      {(series) => (series.length === 0 ? <Card><Empty title={t('explore.nothing')} hint={t('explore.nothingHint')} /></Card> : (
        <>
          <Card extra={series.length > DRAWN && t('explore.drawn', { drawn: DRAWN, total: series.length })}>
            <Chart label={expression} height={300} zero={false} format={metric} legend={series.length <= 6} lines={linesOf(series.slice(0, DRAWN), named)} />
          </Card>
          <Card><DataTable rows={series} columns={columns} rowKey={(one) => named(one.labels)} text={(one) => named(one.labels)} order="value.desc" empty={null} /></Card>
        </>
      ))}
    </Await>
  )
}
