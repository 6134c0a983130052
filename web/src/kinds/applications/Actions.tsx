import { Button, InputNumber, Popover } from 'antd'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { useCan } from '../../api/access'
import type { Application } from '../../api/generated'
import { APPLICATIONS, JOBS } from '../../api/kinds'
import { remove } from '../../api/kube'
import { Danger } from '../../components/Danger'
import { useAct } from '../../components/useAct'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { restart, runNow, scaleTo, setStopped } from './act'
import { Deleted } from './Deleted'
import { EditApplication } from './Edit'

/** What may be done with an application; only what this person may. */
export function Actions({ app }: { app: Application }) {
  const t = useText()
  const project = useProject()
  const navigate = useNavigate()
  const { busy, act } = useAct()
  const mayPatch = useCan('patch', APPLICATIONS, project)
  const mayDelete = useCan('delete', APPLICATIONS, project)
  const mayRun = useCan('create', JOBS, project)
  const { schedule, stopped, autoscaling } = app.spec
  const { name } = app.metadata
  const runs = !stopped && !schedule
  return (
    <>
      {mayRun && schedule && !stopped && <Button disabled={busy} onClick={() => void act(() => runNow(app, t('app.noSchedule')), t('app.runStarted'))}>{t('app.runNow')}</Button>}
      {mayPatch && runs && <Button disabled={busy} onClick={() => void act(() => restart(app), t('app.restarting'))}>{t('app.restart')}</Button>}
      {mayPatch && runs && !autoscaling && <Scale app={app} />}
      {mayPatch && stopped && <Button type="primary" disabled={busy} onClick={() => void act(() => setStopped(app, false), t('app.starting'))}>{t('app.start')}</Button>}
      {mayPatch && !stopped && <Danger label={t('app.stop')} question={t('app.stopAsk', { name })} consequence={t('app.stopWhat')} act={() => setStopped(app, true)} />}
      {mayPatch && <EditApplication app={app} project={project} />}
      {mayDelete && (
        <Danger label={t('action.delete')} question={t('app.deleteAsk', { name })} consequence={<Deleted app={app} />}
          act={async () => { await remove(APPLICATIONS, project, name); void navigate(at(project, 'applications')) }} />
      )}
    </>
  )
}

function Scale({ app }: { app: Application }) {
  const t = useText()
  const { busy, act } = useAct()
  const [open, setOpen] = useState(false)
  const [replicas, setReplicas] = useState(app.spec.replicas ?? 1)
  const scale = async () => {
    if (await act(() => scaleTo(app, replicas), t('app.changed'))) setOpen(false)
  }
  return (
    <Popover open={open} onOpenChange={setOpen} trigger="click" placement="bottom" content={
      <div className="row">
        <InputNumber aria-label={t('services.replicas')} min={0} max={1000} precision={0} value={replicas} onChange={(value) => setReplicas(value ?? 0)} />
        <Button type="primary" loading={busy} onClick={() => void scale()}>{t('action.save')}</Button>
      </div>
    }>
      <Button>{t('app.scale')}</Button>
    </Popover>
  )
}
