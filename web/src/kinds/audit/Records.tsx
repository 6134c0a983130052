import { Button } from 'antd'
import { Ago } from '../../components/Ago'
import { useAddress } from '../../components/address'
import { DataTable, type Column } from '../../components/DataTable'
import { Empty } from '../../components/States'
import { useText } from '../../i18n'
import { number } from '../../i18n/format'
import { Entry } from './Entry'
import { Outcome, targetOf } from './Outcome'
import { useAudit, type AuditEntry, type AuditFilter } from './useAudit'

/** The writes that match, newest first; one opens with what it changed. */
export function Records({ filter, brief = false }: { filter: AuditFilter; brief?: boolean }) {
  const t = useText()
  const audit = useAudit(filter)
  const [shown, show] = useAddress('record')
  const rows = audit.data?.pages.flatMap((page) => page.items)
  const open = rows?.find((one) => one.id === shown)
  const columns: Column<AuditEntry>[] = [
    { key: 'time', title: t('field.time'), sort: (one) => new Date(one.time).getTime(), cell: (one) => <Ago time={one.time} /> },
    { key: 'user', title: t('field.user'), sort: (one) => one.user, cell: (one) => (one.actingAs ? t('audit.as', { user: one.user, other: one.actingAs }) : one.user) },
    {
      key: 'verb', title: t('audit.what'), sort: (one) => one.verb,
      cell: (one) => <Button type="link" size="small" className="mono" style={{ padding: 0 }} aria-label={t('audit.open', { verb: one.verb, target: targetOf(one) })} onClick={() => show(one.id)}>{one.verb}</Button>,
    },
    { key: 'on', title: t('audit.on'), sort: targetOf, cell: (one) => <span className="mono anywhere">{brief ? one.resource : targetOf(one)}</span> },
    { key: 'changes', title: t('audit.changes'), from: 'lg', cell: (one) => <Summary entry={one} /> },
    { key: 'source', title: t('audit.source'), from: 'xl', sort: (one) => one.source, cell: (one) => <span className="mono">{one.source ?? '—'}</span> },
    { key: 'code', title: t('audit.outcome'), sort: (one) => one.code, cell: (one) => <Outcome code={one.code} /> },
  ]
  return (
    <>
      <DataTable rows={rows} error={audit.error} retry={audit.refetch} columns={columns} rowKey={(one) => one.id} order="time.desc" prefix="audit."
        empty={<Empty title={t('audit.none')} hint={t('audit.noneHint')} />} />
      {audit.hasNextPage && (
        <div style={{ textAlign: 'center', marginTop: 12 }}>
          <Button loading={audit.isFetchingNextPage} onClick={() => void audit.fetchNextPage()}>{t('audit.older')}</Button>
        </div>
      )}
      {open && <Entry entry={open} close={() => show('')} />}
    </>
  )
}

/** The first paths that changed, and how many more. */
function Summary({ entry }: { entry: AuditEntry }) {
  const t = useText()
  const paths = entry.changes.map((change) => change.path || t('audit.whole'))
  if (paths.length === 0) return <span className="muted">—</span>
  const more = paths.length - 2
  return (
    <span className="small mono anywhere">
      {paths.slice(0, 2).join(', ')}{more > 0 && <span className="muted"> {t('audit.more', { count: number(more, 0) })}</span>}
    </span>
  )
}
