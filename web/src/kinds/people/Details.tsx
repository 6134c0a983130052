import { DownloadOutlined } from '@ant-design/icons'
import { Button } from 'antd'
import { Link, useParams } from 'react-router'
import { entriesFile, useUse } from '../../api/ledger'
import type { Labels } from '../../api/prom'
import { Card } from '../../components/Card'
import { PageHead } from '../../components/PageHead'
import { TimeAxis } from '../../components/plot/axis'
import { useFilters } from '../../components/filters'
import { useRange, useTravel } from '../../components/range'
import { useLanguage, useText } from '../../i18n'
import { bytes, hours, money, number } from '../../i18n/format'
import { Panel } from '../../objects/Panel'
import { person } from '../../objects/queries/person'
import { Recorded } from '../../objects/Recorded'
import { DeviceTable } from '../gpus/DeviceTable'
import { isOn } from '../gpus/devices'
import { useDevices } from '../gpus/useDevices'
import { usePeople } from '../home/use'
import { Entries } from './Entries'
import { isLabelOf } from '../../objects/owner'
import { UseOverTime } from './UseOverTime'

const app = (labels: Labels) => labels.label_dais_io_app ?? ''

/** What one person used and what it cost, by application, and every run of it. */
export function PersonDetails() {
  const t = useText()
  const { language } = useLanguage()
  const travel = useTravel()
  const { name = '' } = useParams()
  const range = useRange()
  const { app: asked } = useFilters()
  const only = { user: name, ...(asked && { app: asked }) }
  const used = useUse('person', range, only)
  const { people } = usePeople(range)
  const { devices } = useDevices()
  const live = people?.find((one) => one.name === name || isLabelOf(one.name, name))
  // Metrics know the person by a label-safe name, the ledger by both.
  const label = live?.name ?? name
  const ask = person(label, asked)
  const mine = devices?.filter((one) => one.user === label && isOn(one, { app: asked, user: '' })) ?? []
  const { total, currency, items } = used.data ?? {}
  return (
    <>
      <PageHead title={items?.[0]?.name || name} crumb={<Link to={travel('/people')}>{t('nav.people')}</Link>}
        facts={total ? [
          currency && <span key="cost" className="strong">{t('ledger.costOf', { cost: money(total.cost ?? 0, currency, language) })}</span>,
          t('people.usedHours', { n: hours(total.cpuHours) }),
          t('people.usedMemory', { n: hours(total.memoryGiBHours) }),
          total.acceleratorHours > 0 && t('people.usedCards', { n: hours(total.acceleratorHours) }),
          t('ledger.jobsCount', { count: total.jobs }),
          !asked && live && live.pods > 0 && t('apps.running', { count: live.pods }),
        ] : []}
        actions={<Button icon={<DownloadOutlined />} href={entriesFile(range, only)} download title={t('ledger.everything')}>{t('people.csv')}</Button>} />
      <TimeAxis name={`person-${name}`}>
        <div className="grid">
          <UseOverTime by="application" only={only} title={t('ledger.byApp')} currency={currency} cards={(total?.acceleratorHours ?? 0) > 0} />
          <Card className="span-12" title={t('ledger.entries')}><Entries only={only} /></Card>
          <Panel title={t('people.cpuByApp')} curves={[{ query: ask.cpu, name: app, stack: 'cpu', area: true }]} />
          <Panel title={t('people.memoryByApp')} format={bytes} binary curves={[{ query: ask.memory, name: app, stack: 'memory', area: true }]} />
          {(total?.acceleratorHours ?? 0) > 0 && <Panel className="span-12" title={t('people.cardsByApp')} extra={() => mine.some((one) => one.recorded) && <Recorded />} whole format={(value) => number(value, 1)} curves={[{ query: ask.accelerators, name: app, stack: 'cards', area: true }]} />}
          {mine.length > 0 && <Card className="span-12" title={t('nav.gpus')}><DeviceTable devices={mine} error={null} retry={() => undefined} /></Card>}
        </div>
      </TimeAxis>
    </>
  )
}
