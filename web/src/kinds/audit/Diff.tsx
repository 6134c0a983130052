import { useText } from '../../i18n'
import type { FieldChange } from './useAudit'

/** A value as a person reads it: text as it is, anything else as indented JSON. */
function lines(value: unknown): string[] {
  return (typeof value === 'string' ? value : (JSON.stringify(value, null, 2) ?? '')).split('\n')
}

/** What was taken away and what was put in its place, path by path. */
export function Diff({ changes, truncated }: { changes: FieldChange[]; truncated: boolean }) {
  const t = useText()
  return (
    <div className="diff">
      {changes.map((change) => (
        <section key={change.path} aria-label={change.path || t('audit.whole')}>
          <h3 className="mono anywhere">{change.path || t('audit.whole')}</h3>
          <pre tabIndex={0}>
            {change.old !== undefined && lines(change.old).map((line, at) => <del key={at}><span aria-hidden>− </span>{line}</del>)}
            {change.new !== undefined && lines(change.new).map((line, at) => <ins key={at}><span aria-hidden>+ </span>{line}</ins>)}
          </pre>
        </section>
      ))}
      {truncated && <p className="muted small">{t('audit.truncated')}</p>}
    </div>
  )
}
