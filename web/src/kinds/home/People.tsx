import { Link } from 'react-router'
import { DataTable, type Column } from '../../components/DataTable'
import { useTravel } from '../../components/range'
import { Sparkline } from '../../components/Sparkline'
import { NoneFor } from '../../components/NoneFor'
import { useText } from '../../i18n'
import { amount, bytes } from '../../i18n/format'
import type { PersonUse } from './use'

interface Props {
  people: PersonUse[] | undefined
  error: Error | null
  refetch: () => unknown
}

export function People({ people, error, refetch }: Props) {
  const t = useText()
  const travel = useTravel()
  const some = people?.some((one) => one.acceleratorHours) ?? false
  const columns: Column<PersonUse>[] = [
    { key: 'name', title: t('field.user'), sort: (one) => one.name, cell: (one) => <Link className="strong" to={travel(`/people/${encodeURIComponent(one.name)}`)}>{one.name}</Link> },
    { key: 'pods', title: t('phase.Running'), align: 'right', sort: (one) => one.pods, cell: (one) => (one.pods ? t('home.processes', { count: one.pods }) : '—') },
    { key: 'hours', title: t('home.cpuHours'), align: 'right', sort: (one) => one.hours, cell: (one) => amount(one.hours) },
    { key: 'cpu', title: t('field.cpu'), align: 'right', from: 'xxl', sort: (one) => one.cpu, cell: (one) => (one.cpu === undefined ? '—' : t('unit.cores', { n: amount(one.cpu) })) },
    { key: 'memory', title: t('field.memory'), align: 'right', from: 'xxl', sort: (one) => one.memory, cell: (one) => bytes(one.memory) },
    ...(some ? [{ key: 'cards', title: t('people.cardHours'), align: 'right' as const, from: 'sm' as const, sort: (one: PersonUse) => one.acceleratorHours, cell: (one: PersonUse) => amount(one.acceleratorHours ?? 0) }] : []),
    { key: 'trend', title: t('machines.trend'), from: 'md', cell: (one) => <Sparkline values={one.trend} label={t('machines.trendOf', { name: one.name })} width={72} /> },
  ]
  return (
    <DataTable rows={people} error={error} retry={refetch} columns={columns} rowKey={(one) => one.name} order="hours.desc" prefix="people." page={10}
      empty={<NoneFor title={t('home.noPeople')} hint={t('home.noPeopleHint')} />} />
  )
}
