import { Button } from 'antd'
import { Link, useNavigate } from 'react-router'
import { useCan } from '../../api/access'
import type { ABTest } from '../../api/generated'
import { AB_TESTS } from '../../api/kinds'
import { merge, remove } from '../../api/kube'
import { Danger } from '../../components/Danger'
import { useAct } from '../../components/useAct'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { Consequences } from '../../objects/Consequences'
import { isOver } from './phase'
import { Promote } from './Promote'

/** What may be done with a test; only what this person may. */
export function Actions({ test }: { test: ABTest }) {
  const t = useText()
  const project = useProject()
  const navigate = useNavigate()
  const { busy, act } = useAct()
  const mayPatch = useCan('patch', AB_TESTS, project)
  const mayDelete = useCan('delete', AB_TESTS, project)
  const { name } = test.metadata
  const isPaused = test.spec.suspend === true
  const set = (spec: { suspend: boolean } | { stop: boolean }) => merge(AB_TESTS, project, name, { spec })
  const winner = test.status?.decision?.winner
  return (
    <>
      <Link to={at(project, 'abtests', name, 'logs')}><Button>{t('action.logs')}</Button></Link>
      {mayPatch && !isOver(test) && <Button disabled={busy} onClick={() => void act(() => set({ suspend: !isPaused }), t(isPaused ? 'abtests.resumed' : 'abtests.paused'))}>{t(isPaused ? 'abtests.resume' : 'abtests.pause')}</Button>}
      {mayPatch && !isOver(test) && <Danger label={t('jobs.stop')} question={t('abtests.stopAsk', { name })} consequence={t('abtests.stopWhat')} act={() => set({ stop: true })} />}
      {mayDelete && (
        <Danger label={t('action.delete')} question={t('abtests.deleteAsk', { name })} consequence={<Consequences kind="ABTest" />}
          act={async () => { await remove(AB_TESTS, project, name); void navigate(at(project, 'abtests')) }} />
      )}
      <Promote test={test} variant={winner} primary={winner !== undefined} />
    </>
  )
}
