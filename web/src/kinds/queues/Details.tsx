import { Link, useNavigate, useParams } from 'react-router'
import { useCan } from '../../api/access'
import { QUEUES } from '../../api/kinds'
import { remove } from '../../api/kube'
import { useQueues, type QueueView } from '../../api/queues'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { Danger } from '../../components/Danger'
import { Facts } from '../../components/Facts'
import { Notice } from '../../components/Notice'
import { PageHead } from '../../components/PageHead'
import { Failure, Loading } from '../../components/States'
import { Status } from '../../components/Status'
import { useText } from '../../i18n'
import { Consequences } from '../../objects/Consequences'
import { Gone } from '../../objects/Gone'
import { Cohort } from './Cohort'
import { QueueForm } from './Form'
import { Holders, Line } from './Jobs'
import { ShareLine } from './ShareBar'
import { membersOf, sharesOf } from './shares'
import { PREEMPTION, STOP, STRATEGY } from './words'

/** One queue: what it has, who has it now, and who waits for what. */
export function QueueDetails() {
  const t = useText()
  const { name = '' } = useParams()
  const queues = useQueues()
  if (!queues.data) return queues.error ? <Failure error={queues.error} retry={queues.refetch} /> : <Loading rows={8} />
  const queue = queues.data.find((one) => one.name === name)
  if (!queue) return <Gone name={name} back="/queues" label={t('queues.all')} />
  const { tone, word } = STOP[queue.stopPolicy]
  const others = membersOf(queue, queues.data).filter((one) => one !== queue)
  return (
    <>
      <PageHead title={name} crumb={<Link to="/queues">{t('nav.queues')}</Link>} status={<Status tag tone={tone} label={t(word)} />} actions={<Actions queue={queue} />}
        facts={[t('queues.runningCount', { count: queue.holders.length }), t('queues.waitingCount', { count: queue.line.length }), queue.cohort && t('queues.inCohort', { cohort: queue.cohort })]} />
      {queue.stopPolicy !== 'None' && <div className="gap-below"><Notice tone="warning" title={t(word)}>{t(queue.stopPolicy === 'Hold' ? 'queues.heldHint' : 'queues.drainedHint')}</Notice></div>}
      <div className="grid">
        <Card className="span-8" title={t('queues.taken')} extra={queue.cohort ? <Keys /> : undefined}>
          {queue.resources.length === 0 ? <p className="muted">{t('queues.unlimited')}</p> : <div className="shares">{sharesOf(queue, queues.data).map((share) => <ShareLine key={share.name} of={share} />)}</div>}
        </Card>
        <Card className="span-4" title={t('jobs.about')} extra={<Link to={`/audit?resource=queues&name=${encodeURIComponent(name)}`}>{t('tab.changes')}</Link>}><About queue={queue} /></Card>
        <Card className="span-12" title={t('queues.line')}><Line queue={queue} /></Card>
        <Card className="span-12" title={t('queues.who')}><Holders queue={queue} /></Card>
        {queue.cohort && <Card className="span-12" title={t('queues.cohortTitle', { cohort: queue.cohort })}><Cohort queue={queue} others={others} all={queues.data} /></Card>}
      </div>
    </>
  )
}

/** What the parts of a bar mean. */
function Keys() {
  const t = useText()
  return (
    <span className="keys tone-accent">
      <span><i className="share-used" />{t('queues.keyOwn')}</span>
      <span><i className="share-borrowed" />{t('queues.keyBorrowed')}</span>
    </span>
  )
}

function About({ queue }: { queue: QueueView }) {
  const t = useText()
  return (
    <Facts of={[
      [t('queues.strategy'), t(STRATEGY[queue.strategy])],
      [t('queues.preemption'), t(PREEMPTION[queue.preemption])],
      [t('nav.projects'), queue.isForAll ? t('queues.forAll') : queue.projects.join(', ')],
      [t('field.created'), queue.created && <Ago key="created" time={queue.created} />],
    ]} />
  )
}

function Actions({ queue }: { queue: QueueView }) {
  const t = useText()
  const navigate = useNavigate()
  const mayEdit = useCan('patch', QUEUES)
  const mayDelete = useCan('delete', QUEUES)
  const drop = async () => {
    await remove(QUEUES, undefined, queue.name)
    void navigate('/queues')
  }
  return (
    <>
      {mayEdit && <QueueForm queue={queue} />}
      {mayDelete && <Danger label={t('action.delete')} question={t('queues.deleteAsk', { name: queue.name })} consequence={<Consequences kind="Queue"><li>{t('queues.inNow', { count: queue.line.length + queue.holders.length })}</li></Consequences>} act={drop} />}
    </>
  )
}
