import type { Application } from '../../api/generated'
import type { Pod } from '../../api/meta'
import type { Listed } from '../../api/useKube'
import { Card } from '../../components/Card'
import type { Column } from '../../components/DataTable'
import { useText } from '../../i18n'
import { PodTable } from '../../objects/PodTable'
import { RolloutProgress } from '../../objects/RolloutProgress'
import { About } from './About'
import { AddressCard } from './AddressCard'
import { releaseOfPod } from './pods'
import { VariablesCard } from './VariablesCard'
import { VolumesCard } from './VolumesCard'

interface Props {
  app: Application
  pods: Listed<Pod>
  project: string
}

export function Overview({ app, pods, project }: Props) {
  const t = useText()
  const { rollout, release, conditions } = app.status ?? {}
  const words = (number: number | string) => t('app.releaseNumber', { release: number })
  const column: Column<Pod> = { key: 'release', title: t('app.release'), from: 'sm', sort: releaseOfPod, cell: (pod) => releaseOfPod(pod) || '—' }
  return (
    <div className="grid">
      {rollout && (
        <RolloutProgress rollout={rollout} rule={app.spec.rollout ?? { steps: [] }} old={release === undefined ? undefined : words(release)} next={words(rollout.version)}
          said={conditions?.find(({ type }) => type === 'Ready')?.message} titles={{ coming: t('app.coming'), back: t('app.takenBack') }} />
      )}
      <AddressCard app={app} project={project} />
      <About app={app} project={project} />
      <Card className="span-12" title={t(app.spec.schedule ? 'app.runPods' : 'services.replicas')}><PodTable pods={pods} more={[column]} /></Card>
      <VariablesCard app={app} />
      <VolumesCard app={app} project={project} />
    </div>
  )
}
