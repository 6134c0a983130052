import { Button } from 'antd'
import { Link, useNavigate } from 'react-router'
import { useCan } from '../../api/access'
import type { TrainingJob } from '../../api/generated'
import { TRAINING_JOBS } from '../../api/kinds'
import { create, merge, remove } from '../../api/kube'
import { useList } from '../../api/useKube'
import { Danger } from '../../components/Danger'
import { useAct } from '../../components/useAct'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { again, appOf, isOver } from './phase'

/** What may be done with a job; only what this person may. */
export function Actions({ job }: { job: TrainingJob }) {
  const t = useText()
  const project = useProject()
  const navigate = useNavigate()
  const { busy, act } = useAct()
  const jobs = useList(TRAINING_JOBS, { namespace: project })
  const mayPatch = useCan('patch', TRAINING_JOBS, project)
  const mayCreate = useCan('create', TRAINING_JOBS, project)
  const mayDelete = useCan('delete', TRAINING_JOBS, project)
  const { name } = job.metadata
  const suspended = job.spec.suspend === true
  const suspend = () => act(() => merge(TRAINING_JOBS, project, name, { spec: { suspend: !suspended } }), suspended ? t('jobs.resumed') : t('jobs.suspended'))
  const runAgain = () => act(async () => {
    const made = await create(TRAINING_JOBS, again(job, new Set(jobs.data?.map((one) => one.metadata.name))))
    void navigate(at(project, 'jobs', made.metadata.name))
  }, t('jobs.started'))
  const model = job.status?.models?.[0]
  return (
    <>
      <Link to={`${at(project, 'logs')}?app=${encodeURIComponent(appOf(job))}`}><Button>{t('action.logs')}</Button></Link>
      {mayPatch && !isOver(job) && <Button disabled={busy} onClick={() => void suspend()}>{suspended ? t('jobs.resume') : t('jobs.suspend')}</Button>}
      {mayCreate && <Button disabled={busy} onClick={() => void runAgain()}>{t('jobs.again')}</Button>}
      {mayDelete && (
        <Danger label={t('action.delete')} question={t('jobs.deleteAsk', { name })} consequence={t('jobs.deleteWhat')}
          act={async () => { await remove(TRAINING_JOBS, project, name); void navigate(at(project, 'jobs')) }} />
      )}
      {model && (
        <Link to={at(project, 'models', model.name)}><Button type="primary">{t('jobs.openModel', { model: `${model.name}/${model.version}` })}</Button></Link>
      )}
    </>
  )
}
