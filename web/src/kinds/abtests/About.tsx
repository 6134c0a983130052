import { Link } from 'react-router'
import type { ABTest } from '../../api/generated'
import { CREATED_BY } from '../../api/kinds'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { Facts } from '../../components/Facts'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { dateTime, duration, number } from '../../i18n/format'
import { ABSENT, engineOf, leastSubjects } from './arms'
import { certainty, ENGINE, keyWords, portion, untilWords } from './words'

/** How the test is set up: whom it asks, how it judges, when it ends. */
export function About({ test }: { test: ABTest }) {
  const t = useText()
  const project = useProject()
  const { spec, status, metadata } = test
  const { analysis = {}, route, exclude, until, windowSeconds } = spec
  const isBayesian = engineOf(test) === 'bayesian'
  return (
    <Card className="span-6" title={t('jobs.about')}>
      <Facts of={[
        [t('abtests.subject'), keyWords(t, spec.key)],
        [t('abtests.route'), route && <Link key="route" to={at(project, 'services', route)}>{route}</Link>],
        [t('abtests.exclude'), exclude && exclude.length > 0 ? t('abtests.excluded', { count: exclude.length }) : ''],
        [t('abtests.engine'), t(ENGINE[engineOf(test)])],
        [t('abtests.decides'), isBayesian ? t('abtests.fromChance', { chance: portion(analysis.chanceToWin ?? ABSENT.chanceToWin) }) : t('abtests.fromAlpha', { sure: certainty(analysis.alpha) })],
        [t('abtests.least'), t('abtests.leastEach', { count: number(leastSubjects(test), 0) })],
        [t('abtests.ends'), untilWords(t, until, dateTime)],
        [t('abtests.window'), duration(windowSeconds ?? ABSENT.windowSeconds)],
        [t('abtests.late'), (status?.outcomes?.late ?? 0) > 0 ? number(status?.outcomes?.late, 0) : ''],
        [t('abtests.waiting'), (status?.outcomes?.waiting ?? 0) > 0 ? number(status?.outcomes?.waiting, 0) : ''],
        [t('experiments.started'), status?.startTime && <Ago key="started" time={status.startTime} />],
        [t('jobs.ended'), status?.completionTime && <Ago key="ended" time={status.completionTime} />],
        [t('field.createdBy'), metadata.annotations?.[CREATED_BY]],
        [t('field.created'), <Ago key="created" time={metadata.creationTimestamp} />],
      ]} />
    </Card>
  )
}
