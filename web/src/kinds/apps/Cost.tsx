import { useUse } from '../../api/ledger'
import { Card } from '../../components/Card'
import { Facts } from '../../components/Facts'
import { useRange } from '../../components/range'
import { Await } from '../../components/States'
import { useLanguage, useText } from '../../i18n'
import { hours, money, number } from '../../i18n/format'
import { UseOverTime } from '../people/UseOverTime'

/** What the application used within the time range, by whom, and what it cost. */
export function Cost({ project, name, user }: { project: string; name: string; user: string }) {
  const t = useText()
  const { language } = useLanguage()
  const only = { project, app: name, ...(user && { user }) }
  const used = useUse('application', useRange(), only)
  const { currency, total } = used.data ?? {}
  return (
    <>
      <Card className="span-4" title={t('ledger.use')}>
        <Await of={used}>
          {({ total: all }) => (
            <Facts right of={[
              [t('ledger.cost'), currency && <span key="cost" className="strong">{money(all.cost ?? 0, currency, language)}</span>],
              [t('ledger.cpu'), hours(all.cpuHours)],
              [t('ledger.memory'), hours(all.memoryGiBHours)],
              ...all.accelerators.map((one): [string, string] => [`${one.model || one.resource} · ${t('ledger.cards')}`, hours(one.hours)]),
              [t('nav.jobs'), number(all.jobs, 0)],
              [t('ledger.runs'), number(all.runs, 0)],
            ]} />
          )}
        </Await>
      </Card>
      <UseOverTime className="span-8" by="person" only={only} title={t('home.allPeople')} currency={currency} cards={(total?.acceleratorHours ?? 0) > 0} />
    </>
  )
}
