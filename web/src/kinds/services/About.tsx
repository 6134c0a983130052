import type { ReactNode } from 'react'
import { Link } from 'react-router'
import type { InferenceService } from '../../api/generated'
import { CREATED_BY } from '../../api/kinds'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { Facts } from '../../components/Facts'
import { useNow } from '../../components/useNow'
import { at } from '../../frame/useProject'
import { useText } from '../../i18n'
import { duration } from '../../i18n/format'
import { lineOf } from './commandLine'
import { ABSENT } from './draft'
import { scaleOf, secondsLeft } from './scale'
import { modelLabel, recordedLines, serviceApp } from './traffic'
import { recordedWords } from './words'

const DIGEST = 12

/** What the service is, and what was decided on it. */
export function About({ service, project }: { service: InferenceService; project: string }) {
  const t = useText()
  const { spec, status, metadata } = service
  const { server, record, environment } = spec
  return (
    <Card className="span-5" title={t('jobs.about')}>
      <Facts of={[
        [t('jobs.model'), modelLabel(service)],
        [t('datasets.version'), status?.modelVersion],
        [t('jobs.command'), server && <span key="command" className="mono">{lineOf(server.command)}</span>],
        [t('services.code'), server?.code && <span key="code" className="mono">{server.code.bundle.replace('sha256:', '').slice(0, DIGEST)}</span>],
        [t('services.port'), server && String(server.port ?? ABSENT.port)],
        [t('services.readyPath'), server?.readyPath && <span key="path" className="mono">{server.readyPath}</span>],
        [t('jobs.environment'), environment && <Link key="environment" to={at(project, 'environments', environment)}>{environment}</Link>],
        ...useScaleFacts(service),
        [t('services.takes'), spec.rollout && spec.model && spec.rollout.steps.map((step) => `${step}%`).join(' → ')],
        [t('services.written'), record && <Link key="record" to={`${at(project, 'logs')}?${recordedLines(service)}`}>{recordedWords(t, record)}</Link>],
        [t('field.application'), serviceApp(service)],
        [t('field.createdBy'), metadata.annotations?.[CREATED_BY]],
        [t('field.created'), <Ago key="created" time={metadata.creationTimestamp} />],
      ]} />
    </Card>
  )
}

/** How many there are, what decides it, and when there will be fewer. */
function useScaleFacts(service: InferenceService): [string, ReactNode][] {
  const t = useText()
  const { ready, wanted, range, asleep } = scaleOf(service)
  const lowSince = service.status?.scale?.lowSince
  const left = secondsLeft(service, useNow(lowSince !== undefined))
  const rule = service.spec.autoscaling
  if (!rule || !range) return [[t('services.replicas'), t('services.replicasOf', { ready, wanted })]]
  const now = asleep ? t('services.asleepNow') : t('services.replicasOf', { ready, wanted })
  return [
    [t('services.replicas'), `${now} · ${t('services.between', range)}`],
    [t('services.target'), t('services.targetEach', { count: rule.concurrency })],
    [t('services.fewer'), left !== undefined && wanted > range.min ? t('services.fewerIn', { time: duration(Math.max(1, Math.ceil(left))) }) : undefined],
  ]
}
