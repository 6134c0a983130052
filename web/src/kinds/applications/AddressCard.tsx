import { Button } from 'antd'
import type { Application } from '../../api/generated'
import { reached } from '../../api/origin'
import { useInfo } from '../../api/session'
import { Card } from '../../components/Card'
import { Code } from '../../components/Code'
import { Empty } from '../../components/States'
import { useText } from '../../i18n'

/** Where it answers, and how it is asked; for a schedule, how it is run. */
export function AddressCard({ app, project }: { app: Application; project: string }) {
  const t = useText()
  const info = useInfo()
  const { name } = app.metadata
  const { route, schedule } = app.spec
  const inside = app.status?.address
  const url = `${reached(info.data?.gateway ?? '')}${app.status?.url ?? `/app/${project}/${name}/`}`
  return (
    <Card className="span-7" title={t('app.address')} extra={route && info.data && <Button type="link" size="small" href={url} target="_blank" rel="noopener">{t('app.open')}</Button>}>
      <div className="stack tight">
        {route && (
          <>
            <Code text={url} label={t('app.address')} />
            <p className="muted small">{t('app.addressHint')}</p>
            <Code text={[`curl ${url}`, `  -H "authorization: Bearer $DAIS_TOKEN"`].join(' \\\n')} wrap label={t('app.curl')} />
          </>
        )}
        {inside && <><p className="muted small">{t('app.insideHint')}</p><Code text={inside} label={t('app.inside')} /></>}
        {!route && !inside && <Empty title={t(schedule ? 'app.noAddressSchedule' : 'app.noAddress')} hint={t(schedule ? 'app.noAddressScheduleHint' : 'app.noAddressHint')} />}
        {schedule && <Code text={`dais app run-now ${name} -p ${project}`} label={t('jobs.command')} />}
      </div>
    </Card>
  )
}
