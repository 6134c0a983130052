import { useQuery } from '@tanstack/react-query'
import { Button, Input } from 'antd'
import { useState } from 'react'
import type { LabelingProject } from '../../api/generated'
import { decide, taskFile, toReview, type Answer, type Held } from '../../api/labeling'
import { Card } from '../../components/Card'
import { Empty, Failure, Loading } from '../../components/States'
import { useAct } from '../../components/useAct'
import { useText } from '../../i18n'
import { Labels, Surface } from './Surface'

/** Other people's answers, one after the other: accept, correct, or send back with words. */
export function Review({ project, work }: { project: string; work: LabelingProject }) {
  const t = useText()
  const { name } = work.metadata
  const found = useQuery({ queryKey: ['labeling', project, name, 'review'], queryFn: () => toReview(project, name) })
  if (!found.data) return found.error ? <Failure error={found.error} retry={found.refetch} /> : <Loading rows={6} />
  const [first] = found.data.items
  if (!first) return <Card><Empty title={t('labeling.noReview')} hint={t('labeling.noReviewHint')} action={<Button onClick={() => void found.refetch()}>{t('action.retry')}</Button>} /></Card>
  return <Decide key={`${first.task.task}${first.turn.annotator}${first.turn.version}`} project={project} work={work} held={first} done={found.refetch} />
}

function Decide({ project, work, held, done }: { project: string; work: LabelingProject; held: Held; done: () => Promise<unknown> }) {
  const t = useText()
  const { config } = work.spec
  const { task, turn } = held
  const [answer, setAnswer] = useState<Answer | undefined>(turn.answer)
  const [label, choose] = useState<string>()
  const [comment, setComment] = useState('')
  const { busy, act } = useAct()
  const changed = answer !== turn.answer
  const send = (decision: 'accept' | 'correct' | 'reject') => act(async () => {
    await decide(project, work.metadata.name, task.task, { annotator: turn.annotator, version: turn.version, decision, ...(decision === 'correct' && answer && { answer }), ...(comment.trim() && { comment: comment.trim() }) })
    await done()
  })
  const surface = { config, answer, change: setAnswer, label, choose }
  return (
    <div className="labeling-desk">
      <Card><Surface {...surface} task={task} image={taskFile(project, work.metadata.name, task.task)} /></Card>
      <Card title={t('labeling.taskNumber', { task: task.task })} extra={<span className="muted small">{t('labeling.by', { person: turn.annotator })}</span>}>
        <div className="stack tight">
          <Labels {...surface} />
          <Input.TextArea rows={2} value={comment} maxLength={1000} aria-label={t('labeling.comment')} placeholder={t('labeling.comment')} onChange={(event) => setComment(event.target.value)} />
          <div className="row wrap">
            {changed ? <Button type="primary" loading={busy} onClick={() => void send('correct')}>{t('labeling.correct')}</Button> : <Button type="primary" loading={busy} onClick={() => void send('accept')}>{t('labeling.accept')}</Button>}
            <Button danger disabled={!comment.trim() || busy} onClick={() => void send('reject')}>{t('labeling.reject')}</Button>
          </div>
          <p className="muted small">{t('labeling.reviewHelp')}</p>
        </div>
      </Card>
    </div>
  )
}
