import { Drawer } from 'antd'
import { Facts } from '../../components/Facts'
import { Empty } from '../../components/States'
import { useText } from '../../i18n'
import { dateTime } from '../../i18n/format'
import { Diff } from './Diff'
import { Outcome, targetOf } from './Outcome'
import type { AuditEntry } from './useAudit'

/** One write: who, from where, how it ended, and what it changed. */
export function Entry({ entry, close }: { entry: AuditEntry; close: () => void }) {
  const t = useText()
  const who = entry.actingAs ? t('audit.as', { user: entry.user, other: entry.actingAs }) : entry.user
  return (
    <Drawer open onClose={close} size={Math.min(820, innerWidth)} title={<span className="anywhere"><span className="mono">{entry.verb}</span> {targetOf(entry)}</span>}>
      <div className="stack">
        <Facts of={[
          [t('field.time'), dateTime(entry.time)],
          [t('field.user'), who],
          [t('audit.outcome'), <Outcome key="outcome" code={entry.code} />],
          [t('audit.via'), entry.via],
          [t('audit.source'), entry.source],
          [t('audit.agent'), entry.agent],
          [t('audit.request'), entry.requestId],
        ]} />
        {entry.changes.length > 0 ? <Diff changes={entry.changes} truncated={entry.truncated} /> : <Empty title={t('audit.noValues')} hint={t('audit.noValuesHint')} />}
      </div>
    </Drawer>
  )
}
