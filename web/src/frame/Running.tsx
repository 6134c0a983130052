import { Popover } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import { SWEEPS, TRAINING_JOBS } from '../api/kinds'
import { useList } from '../api/useKube'
import { Ago } from '../components/Ago'
import { useText } from '../i18n'
import { useFrame } from './context'
import { at } from './useProject'

const POLL_MS = 5000

/** What runs now in this project, one click away. */
export function Running() {
  const t = useText()
  const { project } = useFrame()
  const [open, setOpen] = useState(false)
  const jobs = useList(TRAINING_JOBS, { ...(project && { namespace: project }), enabled: project !== undefined, live: POLL_MS })
  const running = jobs.data?.filter((job) => job.status?.phase === 'Running') ?? []
  const sweeps = useList(SWEEPS, { ...(project && { namespace: project }), enabled: project !== undefined && open, live: POLL_MS })
  const searching = sweeps.data?.filter((sweep) => sweep.status?.phase === 'Running') ?? []
  if (!project || !jobs.data) return null
  const content = (
    <div className="stack tight" style={{ minWidth: 220 }}>
      {searching.map(({ metadata, status }) => (
        <div key={metadata.name} className="row spread">
          <Link to={at(project, 'sweeps', metadata.name)} onClick={() => setOpen(false)}>{t('sweeps.one')} {metadata.name}</Link>
          <span className="muted small"><Ago time={status?.startTime} /></span>
        </div>
      ))}
      {running.map((job) => (
        <div key={job.metadata.name} className="row spread">
          <Link to={at(project, 'jobs', job.metadata.name)} onClick={() => setOpen(false)}>{job.metadata.name}</Link>
          <span className="muted small"><Ago time={job.status?.startTime} /></span>
        </div>
      ))}
      {running.length === 0 && <span className="muted">{t('running.noneHint')}</span>}
      <Link to={at(project, 'jobs')} onClick={() => setOpen(false)}>{t('running.all')}</Link>
    </div>
  )
  return (
    <Popover content={content} trigger="click" placement="bottomRight" open={open} onOpenChange={setOpen}>
      <button type="button" className={`pill wide-only ${running.length ? '' : 'idle'}`}>
        {running.length > 0 && <span className="dot busy tone-accent" aria-hidden />}
        {running.length ? t('running.some', { count: running.length }) : t('running.none')}
      </button>
    </Popover>
  )
}
