import { Card } from '../../components/Card'
import { Facts } from '../../components/Facts'
import { useText } from '../../i18n'
import { licencesOf, type Package } from './lock'

/** Names of distributions that are shown beside a licence. */
const SHOWN = 4

/** Under which terms the contents stand, by their own word. */
export function Licences({ packages }: { packages: Package[] }) {
  const t = useText()
  return (
    <Card title={t('environments.licences')}>
      <Facts of={licencesOf(packages).map(({ licence, names }) => [
        `${licence ?? t('environments.noLicence')} (${names.length})`,
        <span className="muted small anywhere" key={licence ?? ''}>{names.slice(0, SHOWN).join(', ')}{names.length > SHOWN && ' …'}</span>,
      ])} />
    </Card>
  )
}
