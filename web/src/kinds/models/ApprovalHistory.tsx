import { MOST, type Approval, type Approvals } from '../../api/approvals'
import { Ago } from '../../components/Ago'
import { DataTable, type Column } from '../../components/DataTable'
import { Empty } from '../../components/States'
import { Status } from '../../components/Status'
import { useText } from '../../i18n'
import { change, STATE } from './approval'

interface Props {
  approvals: Approvals | undefined
  error: Error | null
  retry: () => unknown
}

/** Who asked for which alias to move, when and why, and who decided what. */
export function ApprovalHistory({ approvals, error, retry }: Props) {
  const t = useText()
  const columns: Column<Approval>[] = [
    { key: 'id', title: '#', sort: (one) => one.id, cell: (one) => one.id },
    { key: 'alias', title: t('approvals.alias'), sort: (one) => one.alias, cell: (one) => `@${one.alias}` },
    { key: 'change', title: t('approvals.change'), cell: (one) => <span style={{ whiteSpace: 'nowrap' }}>{change(t, one)}</span> },
    { key: 'by', title: t('approvals.by'), sort: (one) => one.requested_at, cell: (one) => <Who name={one.requested_by} time={one.requested_at} why={one.reason} /> },
    { key: 'state', title: t('field.status'), sort: (one) => one.state, cell: (one) => <Status tone={STATE[one.state].tone} label={t(STATE[one.state].word)} /> },
    { key: 'decision', title: t('approvals.decision'), sort: (one) => one.decided_at ?? 0, cell: (one) => (one.decided_by === null ? '—' : <Who name={one.decided_by} time={one.decided_at} why={one.decision_reason} />) },
  ]
  return (
    <>
      <DataTable rows={approvals?.model_approvals} error={error} retry={retry} columns={columns} rowKey={(one) => String(one.id)} order="id.desc" prefix="approvals."
        text={(one) => `${one.alias} ${one.version ?? ''} ${one.requested_by} ${one.reason} ${one.decided_by ?? ''} ${one.decision_reason ?? ''}`}
        empty={<Empty title={t('approvals.nothing')} hint={t('approvals.nothingHint')} />} />
      {approvals?.next_page_token && <p className="muted">{t('approvals.historyMost', { count: MOST })}</p>}
    </>
  )
}

function Who({ name, time, why }: { name: string; time: number | null; why: string | null }) {
  return (
    <div style={{ minWidth: 140 }}>
      <span className="strong">{name}</span> <Ago time={time ?? undefined} />
      {why && <div className="muted anywhere" style={{ whiteSpace: 'pre-wrap' }}>{why}</div>}
    </div>
  )
}
