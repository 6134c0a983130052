import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { useQueues } from '../../api/queues'
import { Card } from '../../components/Card'
import { useText } from '../../i18n'
import { number } from '../../i18n/format'
import { JobName } from '../queues/Jobs'
import { ShareLine } from '../queues/ShareBar'
import { placeInLine, sharesOf, wantedOf, type Place } from '../queues/shares'
import { queueAt } from '../queues/words'

/** Jobs ahead that are named. */
const NAMED = 4

interface Props {
  project: string
  name: string
  why: string
  /** Waiting alone will not help: said above the line as well. */
  stuck: boolean
  /** While the line is not known, or the job not in it. */
  otherwise: ReactNode
}

/** Where a job stands in its queue, who is ahead, what it wants and what is free. */
export function InLine({ project, name, why, stuck, otherwise }: Props) {
  const t = useText()
  const queues = useQueues()
  const place = placeInLine(queues.data ?? [], project, name)
  if (!place || !queues.data) return otherwise
  const { queue, job } = place
  const wanted = sharesOf(queue, queues.data).filter((share) => wantedOf(job, share.name) > 0)
  return (
    <div className="stack tight">
      {stuck && otherwise}
      <Card title={<span className="row wrap" style={{ gap: '0 6px' }}>{t('queues.placeOf', { place: number(job.place, 0), of: number(queue.line.length, 0) })}<Link to={queueAt(queue.name)}>{queue.name}</Link></span>} extra={stuck ? undefined : why}>
        <div className="stack tight">
          <Ahead of={place} />
          {wanted.length > 0 && <div className="shares">{wanted.map((share) => <ShareLine key={share.name} of={share} wanted={wantedOf(job, share.name)} />)}</div>}
          {job.message && !stuck && <div className="muted small anywhere">{job.message}</div>}
        </div>
      </Card>
    </div>
  )
}

function Ahead({ of: { ahead } }: { of: Place }) {
  const t = useText()
  if (ahead.length === 0) return <div>{t('queues.first')}</div>
  return (
    <div className="row wrap" style={{ gap: '2px 10px' }}>
      <span>{t('queues.ahead', { count: number(ahead.length, 0) })}</span>
      {ahead.slice(0, NAMED).map((one) => <JobName key={one.place} job={one} />)}
      {ahead.length > NAMED && <span className="muted">…</span>}
    </div>
  )
}
