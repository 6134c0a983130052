import type { ABTest } from '../../api/generated'
import { AB_TESTS } from '../../api/kinds'
import { useOne } from '../../api/useKube'
import { Card } from '../../components/Card'
import { PageHead } from '../../components/PageHead'
import { Failure, Loading } from '../../components/States'
import { Status } from '../../components/Status'
import { Tabs } from '../../components/Tabs'
import { Yaml } from '../../components/Yaml'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { between, duration, number } from '../../i18n/format'
import { Changes } from '../../objects/Changes'
import { Events } from '../../objects/Events'
import { Gone } from '../../objects/Gone'
import { ObjectLogs } from '../../objects/ObjectLogs'
import { useTab } from '../../objects/useTab'
import { Actions } from './Actions'
import { Alarms } from './Alarms'
import { Ancestry } from './Ancestry'
import { Overview } from './Overview'
import { isOver, phaseOf, PHASES } from './phase'
import { TestTraces } from './TestTraces'
import { Traffic } from './Traffic'
import { usePodsOf } from './usePodsOf'

/** One test: who gets what, which does best, and how surely. */
export function ABTestDetails() {
  const t = useText()
  const project = useProject()
  const { name, tab, open } = useTab('abtests')
  const { data: test, error, missing, isPending, refetch } = useOne(AB_TESTS, project, name)
  const pods = usePodsOf(project, test)
  if (missing) return <Gone name={name} back={at(project, 'abtests')} label={t('nav.abtests')} />
  if (!test) return error && !isPending ? <Failure error={error} retry={refetch} /> : <Loading rows={8} />
  const { word, tone } = PHASES[phaseOf(test)]
  const services = test.status?.variants?.map(({ service }) => service) ?? []
  return (
    <>
      <PageHead title={name} status={<Status tag tone={tone} label={t(word)} />} facts={facts(t, test)} actions={<Actions test={test} />} />
      <Ancestry test={test} project={project} />
      <Alarms test={test} />
      <Tabs activeKey={tab} onChange={open} destroyOnHidden items={[
        { key: 'overview', label: t('tab.overview'), children: <Overview test={test} project={project} /> },
        { key: 'metrics', label: t('tab.metrics'), children: <Traffic test={test} project={project} /> },
        { key: 'logs', label: t('tab.logs'), children: <Card><ObjectLogs project={project} app={name} pods={pods} from={test.metadata.creationTimestamp} running={!isOver(test)} /></Card> },
        { key: 'traces', label: t('nav.traces'), children: <TestTraces test={test} project={project} /> },
        { key: 'events', label: t('tab.events'), children: <Card><Events project={project} name={name} pods={[...services, ...pods]} /></Card> },
        { key: 'changes', label: t('tab.changes'), children: <Card><Changes project={project} resource="abtests" name={name} /></Card> },
        { key: 'yaml', label: t('tab.yaml'), children: <Yaml of={test} /> },
      ]} />
    </>
  )
}

function facts(t: ReturnType<typeof useText>, test: ABTest) {
  const { startTime, completionTime, subjects = 0, serving } = test.status ?? {}
  const took = between(startTime, completionTime)
  return [
    t('abtests.variantCount', { count: test.spec.variants.length }),
    startTime && t('abtests.subjectCount', { count: number(subjects, 0) }),
    took !== undefined && t(completionTime ? 'abtests.ran' : 'abtests.runningFor', { time: duration(took) }),
    isOver(test) && serving && t('abtests.everybodyGets', { variant: serving }),
  ]
}
