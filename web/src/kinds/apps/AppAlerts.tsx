import { Link } from 'react-router'
import { Card } from '../../components/Card'
import { useTravel } from '../../components/range'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import type { Alert } from '../alerts/alert'
import { AlertRow } from '../alerts/AlertRow'

export function AppAlerts({ alerts }: { alerts: Alert[] }) {
  const t = useText()
  const travel = useTravel()
  const project = useProject()
  return (
    <Card className="span-12" title={t('nav.alerts')} extra={<Link to={travel(at(project, 'alerts'))}>{t('apps.allAlerts')}</Link>}>
      <ul className="alerts">{alerts.map((one) => <AlertRow key={one.key} alert={one} named />)}</ul>
    </Card>
  )
}
