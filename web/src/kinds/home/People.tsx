import { DataTable, type Column } from '../../components/DataTable'
import { Empty } from '../../components/States'
import { useText } from '../../i18n'
import { bytes, number } from '../../i18n/format'
import type { PersonUse } from './use'

interface Props {
  people: PersonUse[] | undefined
  error: Error | null
  refetch: () => unknown
}

export function People({ people, error, refetch }: Props) {
  const t = useText()
  const columns: Column<PersonUse>[] = [
    { key: 'name', title: t('field.user'), sort: (one) => one.name, cell: (one) => one.name },
    { key: 'pods', title: t('phase.Running'), align: 'right', sort: (one) => one.pods, cell: (one) => (one.pods ? t('home.processes', { count: one.pods }) : '—') },
    { key: 'hours', title: t('home.cpuHours'), align: 'right', sort: (one) => one.hours, cell: (one) => number(one.hours, 2) },
    { key: 'cpu', title: t('field.cpu'), align: 'right', sort: (one) => one.cpu, cell: (one) => (one.cpu === undefined ? '—' : t('unit.cores', { n: number(one.cpu, 2) })) },
    { key: 'memory', title: t('field.memory'), align: 'right', from: 'sm', sort: (one) => one.memory, cell: (one) => bytes(one.memory) },
  ]
  return (
    <DataTable rows={people} error={error} retry={refetch} columns={columns} rowKey={(one) => one.name} order="hours.desc" prefix="people."
      empty={<Empty title={t('home.noPeople')} hint={t('home.noPeopleHint')} />} />
  )
}
