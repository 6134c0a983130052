import { DownloadOutlined } from '@ant-design/icons'
import { Button } from 'antd'
import { useMemo } from 'react'
import { Link } from 'react-router'
import { groupsFile, stepOf, useSeries, useUse, type Group } from '../../api/ledger'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { PageHead } from '../../components/PageHead'
import { useFilters } from '../../components/filters'
import { useRange, useTravel } from '../../components/range'
import { Sparkline } from '../../components/Sparkline'
import { NoneFor } from '../../components/NoneFor'
import { useLanguage, useText } from '../../i18n'
import { amount, hours, money, number } from '../../i18n/format'
import { usePeople, type PersonUse } from '../home/use'
import { PriceActions, PriceNotice } from './Prices'
import { isLabelOf, isSamePerson } from '../../objects/owner'
import { filled } from './trend'

type Row = Group & { live: PersonUse | undefined }
const NOTHING = { cpuHours: 0, memoryGiBHours: 0, acceleratorHours: 0, accelerators: [], jobs: 0, runs: 0 }

/** Who used how much within the time range, what it cost, and what runs for them now. */
export function PeopleList() {
  const t = useText()
  const { language } = useLanguage()
  const travel = useTravel()
  const range = useRange()
  const { app, user } = useFilters()
  const only = app ? { app } : {}
  const used = useUse('person', range, only)
  const trends = useSeries('person', range, only)
  const { people } = usePeople(range, { app, user, node: '' })
  const rows = useMemo(() => used.data && joined(used.data.items, people ?? []).filter((one) => !user || isSamePerson(one.name, user)), [used.data, people, user])
  const currency = used.data?.currency
  const trend = (name: string) => filled(trends.data?.find((one) => one.name === name), range, stepOf(range))
  const columns: Column<Row>[] = [
    { key: 'name', title: t('field.user'), sort: (one) => one.name, cell: (one) => (one.name ? <Link className="strong" to={travel(`/people/${encodeURIComponent(one.name)}`)}>{one.name}</Link> : <span className="muted">{t('ledger.nobody')}</span>) },
    { key: 'pods', title: t('people.pods'), align: 'right', from: 'md', sort: (one) => one.live?.pods ?? 0, cell: (one) => number(one.live?.pods ?? 0, 0) },
    { key: 'cpu', title: t('people.cpuNow'), align: 'right', from: 'lg', sort: (one) => one.live?.cpu ?? 0, cell: (one) => amount(one.live?.cpu ?? 0) },
    { key: 'jobs', title: t('nav.jobs'), align: 'right', sort: (one) => one.jobs, cell: (one) => number(one.jobs, 0) },
    { key: 'hours', title: t('ledger.cpu'), align: 'right', sort: (one) => one.cpuHours, cell: (one) => hours(one.cpuHours) },
    { key: 'memoryHours', title: t('ledger.memoryHours'), align: 'right', from: 'md', sort: (one) => one.memoryGiBHours, cell: (one) => hours(one.memoryGiBHours) },
    { key: 'cardHours', title: t('ledger.cards'), align: 'right', sort: (one) => one.acceleratorHours, cell: (one) => hours(one.acceleratorHours) },
    ...(currency ? [{ key: 'cost', title: t('ledger.cost'), align: 'right' as const, sort: (one: Row) => one.cost ?? 0, cell: (one: Row) => <span className="strong">{money(one.cost ?? 0, currency, language)}</span> }] : []),
    { key: 'trend', title: t('machines.trend'), from: 'xl', cell: (one) => <Sparkline values={trend(one.name)} label={t('machines.trendOf', { name: one.name || t('ledger.nobody') })} /> },
  ]
  const facts = used.data && rows ? [
    t('home.peopleCount', { count: rows.filter((one) => one.name).length }),
    currency && t('ledger.costOf', { cost: money(rows.reduce((sum, one) => sum + (one.cost ?? 0), 0), currency, language) }),
    t('people.hint'),
  ] : []
  return (
    <>
      <PageHead title={t('nav.people')} facts={facts}
        actions={<><PriceActions />{rows && rows.length > 0 && <Button icon={<DownloadOutlined />} href={groupsFile('person', range, { ...only, ...(user && { user }) })} download>{t('people.csv')}</Button>}</>} />
      <div className="stack">
        <PriceNotice />
        <Card>
          <DataTable rows={rows} error={used.error} retry={used.refetch} columns={columns} rowKey={(one) => one.name} text={(one) => one.name} order="hours.desc"
            empty={<NoneFor title={t('ledger.none')} hint={t('ledger.noneHint')} />} />
        </Card>
      </div>
    </>
  )
}

/** What is booked beside what runs now; metrics know people by a label-safe name. */
function joined(booked: Group[], live: PersonUse[]): Row[] {
  const rows = booked.map((one): Row => ({ ...one, live: live.find(({ name }) => isLabelOf(name, one.name)) }))
  const known = new Set(rows.map((one) => one.live?.name))
  // Somebody whose first container is not a minute old.
  const fresh = live.filter((one) => one.pods > 0 && !known.has(one.name))
  return [...rows, ...fresh.map((one): Row => ({ ...NOTHING, name: one.name, live: one }))]
}
