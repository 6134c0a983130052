import type { ReactNode } from 'react'
import { Code } from '../../components/Code'
import { Empty } from '../../components/States'
import { useText } from '../../i18n'

const DEPLOY = 'dais app deploy web --port 8080 -- python3 app.py'

/** For whoever sees applications for the first time: what one is, and how it begins. */
export function Teach({ action }: { action: ReactNode }) {
  const t = useText()
  return (
    <div className="teach">
      <Empty title={t('app.none')} hint={t('app.noneHint')} action={action} />
      <div className="teach-steps">
        <div><h3>{t('app.teachRun')}</h3><p className="muted small">{t('app.teachRunHint')}</p></div>
        <div><h3>{t('app.teachRelease')}</h3><p className="muted small">{t('app.teachReleaseHint')}</p></div>
        <div><h3>{t('app.teachSchedule')}</h3><p className="muted small">{t('app.teachScheduleHint')}</p></div>
      </div>
      <p className="muted small">{t('app.teachTerminal')}</p>
      <Code text={DEPLOY} wrap label={t('jobs.command')} />
    </div>
  )
}
