import { Button } from 'antd'
import { Link } from 'react-router'
import { useEntries, type Entry, type Only } from '../../api/ledger'
import { Ago } from '../../components/Ago'
import { DataTable, type Column } from '../../components/DataTable'
import { useRange, useTravel } from '../../components/range'
import { Empty } from '../../components/States'
import { Status } from '../../components/Status'
import { at } from '../../frame/useProject'
import { useLanguage, useText } from '../../i18n'
import { duration, hours, money } from '../../i18n/format'
import { reasonWords } from '../../objects/reasons'

/** Where objects of a kind have a page. */
const PAGES: Record<string, string> = { TrainingJob: 'jobs', InferenceService: 'services', Environment: 'environments' }

/** Each run of a container, the newest first. */
export function Entries({ only }: { only: Only }) {
  const t = useText()
  const { language } = useLanguage()
  const travel = useTravel()
  const answer = useEntries(useRange(), only)
  const rows = answer.data?.pages.flatMap((page) => page.items)
  const currency = answer.data?.pages[0]?.currency
  const cards = rows?.some((one) => one.acceleratorHours > 0) ?? false
  const columns: Column<Entry>[] = [
    { key: 'object', title: t('ledger.object'), sort: (one) => one.object, cell: (one) => <Target entry={one} /> },
    { key: 'state', title: t('ledger.ended'), cell: (one) => <State entry={one} /> },
    { key: 'app', title: t('field.application'), from: 'md', sort: (one) => one.app, cell: (one) => <Link to={travel(at(one.project, 'apps', one.app))}>{one.app}</Link> },
    { key: 'project', title: t('frame.project'), from: 'xxl', sort: (one) => one.project, cell: (one) => one.project },
    { key: 'started', title: t('ledger.started'), sort: (one) => one.started, cell: (one) => <Ago time={one.started} /> },
    { key: 'took', title: t('jobs.took'), align: 'right', from: 'sm', sort: (one) => one.seconds, cell: (one) => duration(one.seconds) },
    { key: 'cpu', title: t('ledger.cpu'), align: 'right', sort: (one) => one.cpuHours, cell: (one) => hours(one.cpuHours) },
    { key: 'memory', title: t('ledger.memory'), align: 'right', from: 'xxl', sort: (one) => one.memoryGiBHours, cell: (one) => hours(one.memoryGiBHours) },
    ...(cards ? [{ key: 'cards', title: t('ledger.cards'), align: 'right' as const, sort: (one: Entry) => one.acceleratorHours, cell: (one: Entry) => hours(one.acceleratorHours) }] : []),
    ...(currency ? [{ key: 'cost', title: t('ledger.cost'), align: 'right' as const, sort: (one: Entry) => one.cost ?? 0, cell: (one: Entry) => money(one.cost ?? 0, currency, language) }] : []),
  ]
  return (
    <>
      <DataTable rows={rows} error={answer.error} retry={answer.refetch} columns={columns} rowKey={(one) => one.id} order="started.desc" prefix="entries."
        text={(one) => `${one.object} ${one.app} ${one.project} ${one.pod}`} empty={<Empty title={t('ledger.none')} hint={t('ledger.noneHint')} />} />
      {answer.hasNextPage && <div className="row" style={{ justifyContent: 'center', marginTop: 12 }}><Button loading={answer.isFetchingNextPage} onClick={() => void answer.fetchNextPage()}>{t('ledger.more')}</Button></div>}
    </>
  )
}

function Target({ entry: { kind, object, project, attempt } }: { entry: Entry }) {
  const travel = useTravel()
  const page = PAGES[kind]
  return (
    <span>
      {page ? <Link className="strong" to={travel(at(project, page, object))}>{object}</Link> : <span className="strong">{object}</span>}
      <span className="muted small"> {kind}{attempt > 0 && ` #${attempt}`}</span>
    </span>
  )
}

function State({ entry: { ended, exitCode, reason, complete } }: { entry: Entry }) {
  const t = useText()
  if (!ended) return <Status tone="accent" label={t('phase.Running')} busy />
  if (exitCode === 0) return <Status tone="success" label={t('phase.Succeeded')} />
  const words = exitCode === undefined || reason !== 'Error' ? reasonWords(t, reason) : t('ledger.exit', { code: exitCode })
  return (
    <span className="row wrap" style={{ gap: 6 }}>
      <Status tone="error" label={words} />
      {!complete && <span className="tag tone-warning" title={t('ledger.partlyHint')}>{t('ledger.partly')}</span>}
    </span>
  )
}
