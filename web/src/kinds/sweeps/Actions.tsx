import { Button } from 'antd'
import { Link, useNavigate } from 'react-router'
import { useCan } from '../../api/access'
import type { Sweep } from '../../api/generated'
import { SWEEPS } from '../../api/kinds'
import { create, merge, remove } from '../../api/kube'
import { useList } from '../../api/useKube'
import { Danger } from '../../components/Danger'
import { useAct } from '../../components/useAct'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { Consequences } from '../../objects/Consequences'
import { isOver } from '../jobs/phase'
import { COMPARED, compareAt } from './compare'
import { again } from './draft'
import { goalOf, ranked, trialsOf } from './series'

/** What may be done with a sweep; only what this person may. */
export function Actions({ sweep, experiment }: { sweep: Sweep; experiment: string | undefined }) {
  const t = useText()
  const project = useProject()
  const navigate = useNavigate()
  const { busy, act } = useAct()
  const sweeps = useList(SWEEPS, { namespace: project })
  const mayPatch = useCan('patch', SWEEPS, project)
  const mayCreate = useCan('create', SWEEPS, project)
  const mayDelete = useCan('delete', SWEEPS, project)
  const { name } = sweep.metadata
  const suspended = sweep.spec.suspend === true
  const set = (spec: { suspend: boolean } | { stop: boolean }) => merge(SWEEPS, project, name, { spec })
  const runAgain = () => void act(async () => {
    const made = await create(SWEEPS, again(sweep, new Set(sweeps.data?.map((one) => one.metadata.name))))
    void navigate(at(project, 'sweeps', made.metadata.name))
  }, t('sweeps.started'))
  const compare = compareAt(project, experiment, ranked(trialsOf(sweep), goalOf(sweep)).slice(0, COMPARED))
  return (
    <>
      <Link to={`${at(project, 'logs')}?app=${encodeURIComponent(sweep.spec.job.application ?? name)}`}><Button>{t('action.logs')}</Button></Link>
      {mayPatch && !isOver(sweep) && <Button disabled={busy} onClick={() => void act(() => set({ suspend: !suspended }), t(suspended ? 'sweeps.resumed' : 'sweeps.suspended'))}>{t(suspended ? 'jobs.resume' : 'jobs.suspend')}</Button>}
      {mayPatch && !isOver(sweep) && <Danger label={t('jobs.stop')} question={t('sweeps.stopAsk', { name })} consequence={t('sweeps.stopWhat')} act={() => set({ stop: true })} />}
      {mayCreate && <Button disabled={busy} onClick={runAgain}>{t('jobs.again')}</Button>}
      {mayDelete && (
        <Danger label={t('action.delete')} question={t('sweeps.deleteAsk', { name })} consequence={<Consequences kind="Sweep"><li>{t('sweeps.jobsOfIt', { count: trialsOf(sweep).length })}</li></Consequences>}
          act={async () => { await remove(SWEEPS, project, name); void navigate(at(project, 'sweeps')) }} />
      )}
      {compare && <Link to={compare}><Button type="primary">{t('sweeps.compareBest')}</Button></Link>}
    </>
  )
}
