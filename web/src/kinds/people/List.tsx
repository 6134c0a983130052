import { DownloadOutlined } from '@ant-design/icons'
import { Button } from 'antd'
import { Link } from 'react-router'
import { TRAINING_JOBS } from '../../api/kinds'
import { windowOf } from '../../api/prom'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { PageHead } from '../../components/PageHead'
import { useRange, useTravel } from '../../components/range'
import { Sparkline } from '../../components/Sparkline'
import { Empty } from '../../components/States'
import { useEverywhere } from '../../frame/useEverywhere'
import { useText } from '../../i18n'
import { amount, bytes, dateTime, number } from '../../i18n/format'
import { usePeople, type PersonUse } from '../home/use'
import { csv, download } from './csv'
import { jobsOf } from './owner'

const GIB = 2 ** 30
type Row = PersonUse & { jobs: number | undefined }

/** Who uses what now, and how much it came to within the time range. */
export function PeopleList() {
  const t = useText()
  const travel = useTravel()
  const range = useRange()
  const { people, error, refetch } = usePeople(range)
  const jobs = useEverywhere(TRAINING_JOBS)
  const { start, end } = windowOf(range.seconds, range.end)
  const rows = people?.map((one): Row => ({ ...one, jobs: jobs.data && jobsOf(jobs.data, one.name, start * 1000, end * 1000).length }))
  const hours = (value: number | undefined) => (value ?? 0) < 10 ? amount(value) : number(value, 1)
  const columns: Column<Row>[] = [
    { key: 'name', title: t('field.user'), sort: (one) => one.name, cell: (one) => <Link className="strong" to={travel(`/people/${encodeURIComponent(one.name)}`)}>{one.name}</Link> },
    { key: 'pods', title: t('people.pods'), align: 'right', sort: (one) => one.pods, cell: (one) => number(one.pods, 0) },
    { key: 'jobs', title: t('nav.jobs'), align: 'right', sort: (one) => one.jobs, cell: (one) => number(one.jobs, 0) },
    { key: 'cpu', title: t('people.cpuNow'), align: 'right', from: 'lg', sort: (one) => one.cpu, cell: (one) => amount(one.cpu ?? 0) },
    { key: 'memory', title: t('people.memoryNow'), align: 'right', from: 'lg', sort: (one) => one.memory, cell: (one) => bytes(one.memory ?? 0) },
    { key: 'cards', title: t('people.cardsNow'), align: 'right', from: 'lg', sort: (one) => one.accelerators, cell: (one) => number(one.accelerators ?? 0, 0) },
    { key: 'hours', title: t('home.cpuHours'), align: 'right', sort: (one) => one.hours, cell: (one) => hours(one.hours) },
    { key: 'memoryHours', title: t('people.memoryHours'), align: 'right', from: 'md', sort: (one) => one.memoryHours, cell: (one) => hours(one.memoryHours === undefined ? undefined : one.memoryHours / GIB) },
    { key: 'cardHours', title: t('people.cardHours'), align: 'right', sort: (one) => one.acceleratorHours, cell: (one) => hours(one.acceleratorHours ?? 0) },
    { key: 'trend', title: t('machines.trend'), from: 'xl', cell: (one) => <Sparkline values={one.trend} label={t('machines.trendOf', { name: one.name })} /> },
  ]
  const save = () => {
    const head = ['person', 'from', 'to', 'running_pods', 'jobs', 'cpu_cores', 'memory_bytes', 'accelerators', 'cpu_core_hours', 'memory_gib_hours', 'accelerator_hours']
    download(`use-by-person-${dateTime(end * 1000).slice(0, 10)}.csv`, csv(head, (rows ?? []).map((one) => [
      one.name, new Date(start * 1000).toISOString(), new Date(end * 1000).toISOString(), one.pods, one.jobs, one.cpu ?? 0, one.memory ?? 0, one.accelerators ?? 0,
      one.hours, one.memoryHours === undefined ? undefined : one.memoryHours / GIB, one.acceleratorHours ?? 0,
    ])))
  }
  return (
    <>
      <PageHead title={t('nav.people')} facts={people ? [t('home.peopleCount', { count: people.length }), t('people.hint')] : []}
        actions={rows && rows.length > 0 && <Button icon={<DownloadOutlined />} onClick={save}>{t('people.csv')}</Button>} />
      <Card>
        <DataTable rows={rows} error={error} retry={refetch} columns={columns} rowKey={(one) => one.name} text={(one) => one.name} order="hours.desc"
          empty={<Empty title={t('home.noPeople')} hint={t('home.noPeopleHint')} />} />
      </Card>
    </>
  )
}
