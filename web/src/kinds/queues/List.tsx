import { Link } from 'react-router'
import { useCan } from '../../api/access'
import { QUEUES } from '../../api/kinds'
import { useQueues, type QueueView } from '../../api/queues'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { PageHead } from '../../components/PageHead'
import { Empty } from '../../components/States'
import { Status } from '../../components/Status'
import { useText } from '../../i18n'
import { number } from '../../i18n/format'
import { QueueForm } from './Form'
import { ShareLine } from './ShareBar'
import { sharesOf } from './shares'
import { queueAt, STOP } from './words'

/** What projects share for training, how much of it is taken, and who waits. */
export function QueueList() {
  const t = useText()
  const queues = useQueues()
  const mayCreate = useCan('create', QUEUES)
  const all = queues.data ?? []
  const create = mayCreate && <QueueForm />
  const waiting = all.reduce((sum, one) => sum + one.line.length, 0)
  const running = all.reduce((sum, one) => sum + one.holders.length, 0)
  return (
    <>
      <PageHead title={t('nav.queues')} actions={create}
        facts={queues.data ? [t('queues.count', { count: all.length }), t('queues.runningCount', { count: running }), t('queues.waitingCount', { count: waiting })] : []} />
      <Card>
        <DataTable rows={queues.data} error={queues.error} retry={queues.refetch} columns={columns(t, all)} rowKey={(one) => one.name} order="name"
          text={(one) => `${one.name} ${one.cohort ?? ''} ${one.resources.map(({ name }) => name).join(' ')} ${t(STOP[one.stopPolicy].word)}`}
          empty={<Empty title={t('queues.none')} hint={t(mayCreate ? 'queues.noneHint' : 'queues.noneHintUser')} action={create} />} />
      </Card>
    </>
  )
}

function columns(t: ReturnType<typeof useText>, all: QueueView[]): Column<QueueView>[] {
  return [
    {
      key: 'name', title: t('field.name'), sort: (one) => one.name,
      cell: (one) => (
        <div>
          <Link className="strong" to={queueAt(one.name)}>{one.name}</Link>
          {one.cohort && <div className="muted small">{t('queues.inCohort', { cohort: one.cohort })}</div>}
        </div>
      ),
    },
    { key: 'state', title: t('field.status'), sort: (one) => one.stopPolicy, cell: (one) => <Status tone={STOP[one.stopPolicy].tone} label={t(STOP[one.stopPolicy].word)} /> },
    { key: 'shares', title: t('queues.taken'), width: '36%', cell: (one) => one.resources.length === 0 ? <span className="muted">{t('queues.unlimited')}</span> : <div className="shares">{sharesOf(one, all).map((share) => <ShareLine key={share.name} of={share} />)}</div> },
    { key: 'running', title: t('queues.running'), align: 'right', sort: (one) => one.holders.length, cell: (one) => number(one.holders.length, 0) },
    { key: 'waiting', title: t('queues.waiting'), align: 'right', sort: (one) => one.line.length, cell: (one) => number(one.line.length, 0) },
    { key: 'projects', title: t('nav.projects'), from: 'lg', cell: (one) => <span className="wraps">{one.isForAll ? t('queues.forAll') : one.projects.join(', ')}</span> },
    { key: 'created', title: t('field.created'), from: 'xl', sort: (one) => one.created, cell: (one) => <Ago time={one.created} /> },
  ]
}
