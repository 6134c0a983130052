import { Link } from 'react-router'
import type { QueueView } from '../../api/queues'
import { DataTable, type Column } from '../../components/DataTable'
import { Empty } from '../../components/States'
import { useText } from '../../i18n'
import { number } from '../../i18n/format'
import { ShareLine } from './ShareBar'
import { amountWords, cohortShares, resourceWords, sharesOf } from './shares'
import { queueAt } from './words'

/** Queues that lend each other what they do not use, and what is lent now. */
export function Cohort({ queue, others, all }: { queue: QueueView; others: QueueView[]; all: QueueView[] }) {
  const t = useText()
  const columns: Column<QueueView>[] = [
    { key: 'name', title: t('field.name'), sort: (one) => one.name, cell: (one) => <Link className="strong" to={queueAt(one.name)}>{one.name}</Link> },
    { key: 'shares', title: t('queues.taken'), width: '50%', cell: (one) => <div className="shares">{sharesOf(one, all).map((share) => <ShareLine key={share.name} of={share} />)}</div> },
    { key: 'running', title: t('queues.running'), align: 'right', sort: (one) => one.holders.length, cell: (one) => number(one.holders.length, 0) },
    { key: 'waiting', title: t('queues.waiting'), align: 'right', sort: (one) => one.line.length, cell: (one) => number(one.line.length, 0) },
  ]
  return (
    <div className="stack">
      <ul className="keys numbers" style={{ listStyle: 'none', margin: 0, padding: 0 }}>
        {cohortShares([queue, ...others]).map(({ name, own, used, lent }) => (
          <li key={name}>{t(lent > 0 ? 'queues.together' : 'queues.togetherOwn', { name: resourceWords(t, name), own: amountWords(name, own), used: amountWords(name, used), lent: amountWords(name, lent) })}</li>
        ))}
      </ul>
      <DataTable rows={others} columns={columns} rowKey={(one) => one.name} prefix="cohort." order="name" empty={<Empty title={t('queues.alone')} />} />
    </div>
  )
}
