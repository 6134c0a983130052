import { useParams } from 'react-router'
import { Tabs } from '../../components/Tabs'
import { useAddress } from '../../components/address'
import { useFilters } from '../../components/filters'
import { Notice } from '../../components/Notice'
import { PageHead } from '../../components/PageHead'
import { ErrorWords } from '../../components/States'
import { useText } from '../../i18n'
import { Firing } from './Firing'
import { useNarrowedAlerts } from './narrow'
import { Receivers } from './Receivers'
import { Rules } from './Rules'
import { Silences } from './Silences'
import { useAlerts } from './useAlerts'

/** What fires, why, and who is told. Under a project, that project's alone. */
export function AlertsPage() {
  const t = useText()
  const { project } = useParams()
  const [view, setView] = useAddress('view', 'alerts')
  const all = useAlerts(project)
  const alerts = useNarrowedAlerts(all.alerts, useFilters())
  const of = (state: string) => alerts?.filter((one) => one.state === state).length ?? 0
  const pending = of('pending')
  return (
    <>
      <PageHead title={t('nav.alerts')} facts={[
        project,
        all.alerts && <span key="firing" className={of('firing') ? 'toned tone-error' : ''}>{t('alerts.firingCount', { count: of('firing') })}</span>,
        pending > 0 && t('alerts.pendingCount', { count: pending }),
      ]} />
      <div className="stack">
        {all.absent && <Notice tone="warning" title={t('alerts.absent')}>{t('alerts.absentHint')}</Notice>}
        {all.broken && <Notice tone="warning" title={t('alerts.failing')}><ErrorWords error={all.broken} /></Notice>}
        {all.noRules && <Notice tone="warning" title={t('alerts.noRules')}>{t('alerts.noRulesHint')}</Notice>}
        <Tabs activeKey={view} onChange={setView} destroyOnHidden items={[
          { key: 'alerts', label: t('alerts.tab'), children: <Firing all={all} alerts={alerts} project={project} /> },
          { key: 'rules', label: t('alerts.rules'), children: <Rules all={all} project={project} /> },
          { key: 'silences', label: t('alerts.silences'), children: <Silences all={all} alerts={alerts} project={project} /> },
          { key: 'receivers', label: t('alerts.receivers'), children: <Receivers /> },
        ]} />
      </div>
    </>
  )
}
