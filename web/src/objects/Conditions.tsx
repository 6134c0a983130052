import type { Condition } from '../api/meta'
import { Ago } from '../components/Ago'
import { DataTable, type Column } from '../components/DataTable'
import { Empty } from '../components/States'
import { Status } from '../components/Status'
import { useText } from '../i18n'
import { reasonWords } from './reasons'

/** Conditions where `True` is the bad case. */
const BAD_WHEN_TRUE = /Pressure|Failed|Unavailable|Unisolated/

/** Conditions in words: what, since when, why. */
export function Conditions({ of }: { of: Condition[] | undefined }) {
  const t = useText()
  const columns: Column<Condition>[] = [
    {
      key: 'type', title: t('condition.type'),
      cell: (one) => {
        const good = (one.status === 'True') !== BAD_WHEN_TRUE.test(one.type)
        return <Status tone={one.status === 'Unknown' ? 'muted' : good ? 'success' : 'warning'} label={one.type} />
      },
    },
    { key: 'status', title: t('field.status'), cell: (one) => (one.status === 'True' ? t('word.yes') : one.status === 'False' ? t('word.no') : t('word.unknown')) },
    {
      key: 'why', title: t('condition.why'), width: '55%',
      cell: (one) => (
        <div className="wraps">
          <div>{reasonWords(t, one.reason)}</div>
          {one.message && <div className="muted small" translate="no">{one.message}</div>}
        </div>
      ),
    },
    { key: 'since', title: t('condition.since'), cell: (one) => <Ago time={one.lastTransitionTime} /> },
  ]
  return <DataTable rows={of ?? []} columns={columns} rowKey={(one) => one.type} prefix="conditions." empty={<Empty title={t('condition.none')} />} />
}
