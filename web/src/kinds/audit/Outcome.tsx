import { Status } from '../../components/Status'
import { useText } from '../../i18n'
import type { AuditEntry } from './useAudit'

/** What a write was about, from the outside in. */
export const targetOf = (entry: AuditEntry): string => [entry.namespace, entry.resource, entry.name].filter(Boolean).join(' / ')

/** How a write ended. */
export function Outcome({ code }: { code: number }) {
  const t = useText()
  if (code === 0) return <Status tone="warning" label={t('audit.unknown')} />
  const tone = code < 400 ? 'success' : code < 500 ? 'warning' : 'error'
  return <Status tone={tone} label={`${code < 400 ? t('audit.done') : t('audit.refused')} (${code})`} />
}
