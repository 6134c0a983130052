import { useText } from '../../i18n'
import { between, type Release } from './releases'

/** What becomes different when the specification is again that of an older release. */
export function BackTo({ from, to }: { from: Release; to: Release }) {
  const t = useText()
  const differences = between(from.spec, to.spec)
  return (
    <>
      <p>{t('app.goBackWhat', { release: to.number })}</p>
      {differences.length === 0 ? <p className="muted">{t('app.sameSpec')}</p> : (
        <ul className="lines mono small">
          {differences.map(({ path, was, is }) => <li key={path}>{path}: {was !== undefined && <del>{was}</del>} {is === undefined ? t('app.removed') : <ins>{is}</ins>}</li>)}
        </ul>
      )}
    </>
  )
}
