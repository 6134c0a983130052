import { Card } from '../../components/Card'
import { PageHead } from '../../components/PageHead'
import { useRange } from '../../components/range'
import { useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { Apps } from '../home/Apps'
import { useApps } from '../home/use'

/** The applications of a project: what they answer and what they use. */
export function ApplicationList() {
  const t = useText()
  const project = useProject()
  const { apps, error, refetch } = useApps(useRange())
  const mine = apps?.filter((one) => one.project === project)
  return (
    <>
      <PageHead title={t('nav.applications')} facts={mine ? [t('home.appCount', { count: mine.length })] : []} />
      <Card><Apps apps={mine} error={error} refetch={refetch} action={null} full /></Card>
    </>
  )
}
