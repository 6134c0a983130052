import { useDisputed, type OfLabel, type Task } from '../../api/labeling'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { Empty, Failure, Loading } from '../../components/States'
import { useText } from '../../i18n'
import { number, percent } from '../../i18n/format'

interface Props {
  project: string
  work: string
  labels: OfLabel[]
}

/** Where people agree and where they do not: by label, and by task. */
export function Disagreement({ project, work, labels }: Props) {
  const t = useText()
  const tasks = useDisputed(project, work)
  return (
    <>
      <Card className="span-4" title={t('labeling.byLabel')}><ByLabel rows={labels} /></Card>
      <Card className="span-8" title={t('labeling.byTask')}>
        {tasks.data ? <ByTask rows={tasks.data} /> : tasks.error ? <Failure error={tasks.error} /> : <Loading />}
      </Card>
    </>
  )
}

const mean = (one: { mean?: number | null }) => one.mean ?? undefined

function ByLabel({ rows }: { rows: OfLabel[] }) {
  const t = useText()
  const columns: Column<OfLabel>[] = [
    { key: 'label', title: t('labeling.labels'), sort: (one) => one.label, cell: (one) => one.label },
    { key: 'mean', title: t('labeling.mean'), align: 'right', sort: mean, cell: (one) => (mean(one) === undefined ? '—' : percent(mean(one))) },
    { key: 'fleiss', title: t('labeling.fleiss'), align: 'right', sort: (one) => one.fleissKappa ?? undefined, cell: (one) => (typeof one.fleissKappa === 'number' ? number(one.fleissKappa, 2) : '—') },
  ]
  return <DataTable rows={rows} columns={columns} rowKey={(one) => one.label} order="mean" prefix="bylabel." empty={<Empty title={t('labeling.notMeasured')} />} />
}

/** What is shown of a task, in a line. */
const shown = (task: Task) => Object.values(task.data).find((value) => typeof value === 'string') ?? ''

function ByTask({ rows }: { rows: Task[] }) {
  const t = useText()
  const columns: Column<Task>[] = [
    { key: 'task', title: t('labeling.tasks'), sort: (one) => one.task, cell: (one) => <div className="wraps"><span className="strong">{one.key}</span><div className="muted small anywhere">{String(shown(one)).slice(0, 120)}</div></div> },
    { key: 'answers', title: t('labeling.answers'), align: 'right', sort: (one) => one.answers, cell: (one) => number(one.answers, 0) },
    { key: 'agreement', title: t('labeling.agreement'), align: 'right', sort: (one) => one.agreement, cell: (one) => percent(one.agreement) },
  ]
  return <DataTable rows={rows} columns={columns} rowKey={(one) => String(one.task)} order="agreement" prefix="bytask." text={(one) => `${one.key} ${shown(one)}`} empty={<Empty title={t('labeling.notMeasured')} hint={t('labeling.agreementHint')} />} />
}
