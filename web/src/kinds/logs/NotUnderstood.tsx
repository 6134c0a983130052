import { ApiError } from '../../api/http'
import { Notice } from '../../components/Notice'
import { ErrorWords, Failure } from '../../components/States'
import { useText } from '../../i18n'

const EXAMPLES = ['timeout OR refused', '"connection reset"', 'severity:error AND NOT app:digits', 'fields.http.status:[500 TO 599]', 'pod:digits-*']

/** Why a search failed; a query that is not understood, with how to write one. */
export function NotUnderstood({ error, text, retry }: { error: Error; text: string; retry?: () => unknown }) {
  const t = useText()
  if (!(error instanceof ApiError && error.status === 400 && text)) return <Failure error={error} retry={retry} />
  return (
    <div className="stack tight" style={{ marginBottom: 12 }}>
      <Notice tone="error" title={t('explorer.notUnderstood')}><ErrorWords error={error} /></Notice>
      <p className="row wrap muted small" style={{ gap: '4px 8px' }}>{t('explorer.examples')} {EXAMPLES.map((one) => <code key={one} className="example mono">{one}</code>)}</p>
    </div>
  )
}
