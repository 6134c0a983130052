import { Link } from 'react-router'
import type { Application } from '../../api/generated'
import { CREATED_BY } from '../../api/kinds'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { Facts } from '../../components/Facts'
import { at } from '../../frame/useProject'
import { useText } from '../../i18n'
import { dateTime } from '../../i18n/format'
import { lineOf } from '../services/commandLine'
import { scaleOfApp } from './scale'

const DIGEST = 12

/** What the application is, and what was decided on it. */
export function About({ app, project }: { app: Application; project: string }) {
  const t = useText()
  const { spec, status, metadata } = app
  const { ready, wanted, range } = scaleOfApp(app)
  const { schedule, health } = spec
  const command = lineOf([...(spec.command ?? []), ...(spec.args ?? [])])
  const count = t('services.replicasOf', { ready, wanted })
  return (
    <Card className="span-5" title={t('jobs.about')}>
      <Facts of={[
        [t('appForm.image'), spec.image && <span key="image" className="mono anywhere">{spec.image}</span>],
        [t('jobs.command'), command && <span key="command" className="mono anywhere">{command}</span>],
        [t('services.code'), spec.code && <span key="code" className="mono">{spec.code.bundle.replace('sha256:', '').slice(0, DIGEST)}</span>],
        [t('jobs.environment'), spec.environment && <Link key="environment" to={at(project, 'environments', spec.environment)}>{spec.environment}</Link>],
        [t('appForm.ports'), spec.ports?.map(({ name, port }) => `${name} ${port}`).join(', ')],
        [t('services.readyPath'), health?.ready?.path && <span key="ready" className="mono">{health.ready.path}</span>],
        [t('appForm.livePath'), health?.live?.path && <span key="live" className="mono">{health.live.path}</span>],
        [t('services.replicas'), schedule ? undefined : (range ? `${count} · ${t('services.between', range)}` : count)],
        [t('services.takes'), spec.rollout?.steps.map((step) => `${step}%`).join(' → ')],
        [t('appForm.cron'), schedule && <span key="cron" className="mono">{schedule.cron} {schedule.timeZone ?? 'UTC'}</span>],
        [t('app.nextRun'), schedule && status?.nextRun && dateTime(status.nextRun)],
        [t('app.lastRun'), schedule && (status?.lastRun ? <Ago key="last" time={status.lastRun} /> : t('app.neverRun'))],
        [t('field.createdBy'), metadata.annotations?.[CREATED_BY]],
        [t('field.created'), <Ago key="created" time={metadata.creationTimestamp} />],
      ]} />
    </Card>
  )
}
