import { Card } from '../../components/Card'
import { PageHead } from '../../components/PageHead'
import { useFilters } from '../../components/filters'
import { useRange } from '../../components/range'
import { useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { Apps } from '../home/Apps'
import { useApps } from '../home/use'

/** Everything of a project by the application that it belongs to: what they answer and what they use. */
export function AppList() {
  const t = useText()
  const project = useProject()
  const { apps, error, refetch } = useApps(useRange(), useFilters())
  const mine = apps?.filter((one) => one.project === project)
  return (
    <>
      <PageHead title={t('nav.apps')} facts={mine ? [t('home.appCount', { count: mine.length })] : []} />
      <Card><Apps apps={mine} error={error} refetch={refetch} action={null} full /></Card>
    </>
  )
}
