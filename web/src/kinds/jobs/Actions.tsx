import { DownOutlined } from '@ant-design/icons'
import { Button, Dropdown, Space } from 'antd'
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
import { Consequences } from '../../objects/Consequences'
import { again, appOf, isOver, mayDiffer, type Again } from './phase'

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
  const runAgain = (how: Again) => void act(async () => {
    const made = await create(TRAINING_JOBS, again(job, new Set(jobs.data?.map((one) => one.metadata.name)), how))
    void navigate(at(project, 'jobs', made.metadata.name))
  }, t(how === 'exactly' ? 'jobs.startedExactly' : 'jobs.started'))
  const repeat = <Button disabled={busy} title={t('jobs.againHint')} onClick={() => runAgain('exactly')}>{t('jobs.again')}</Button>
  const model = job.status?.models?.[0]
  return (
    <>
      <Link to={`${at(project, 'logs')}?app=${encodeURIComponent(appOf(job))}`}><Button>{t('action.logs')}</Button></Link>
      {mayPatch && !isOver(job) && <Button disabled={busy} onClick={() => void suspend()}>{suspended ? t('jobs.resume') : t('jobs.suspend')}</Button>}
      {mayPatch && !isOver(job) && (
        <Danger label={t('jobs.stop')} question={t('jobs.stopAsk', { name })} consequence={t('jobs.stopWhat')} act={() => merge(TRAINING_JOBS, project, name, { spec: { stop: true } })} />
      )}
      {mayCreate && (mayDiffer(job) ? (
        <Space.Compact>
          {repeat}
          <Dropdown trigger={['click']} menu={{ items: [{ key: 'newest', label: t('jobs.againNewest'), onClick: () => runAgain('newest') }] }}>
            <Button disabled={busy} icon={<DownOutlined />} aria-label={t('jobs.againHow')} />
          </Dropdown>
        </Space.Compact>
      ) : repeat)}
      {mayDelete && (
        <Danger label={t('action.delete')} question={t('jobs.deleteAsk', { name })} consequence={<Consequences kind="TrainingJob" />}
          act={async () => { await remove(TRAINING_JOBS, project, name); void navigate(at(project, 'jobs')) }} />
      )}
      {model && (
        <Link to={at(project, 'models', model.name)}><Button type="primary">{t('jobs.openModel', { model: `${model.name}/${model.version}` })}</Button></Link>
      )}
    </>
  )
}
