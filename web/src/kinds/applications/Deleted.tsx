import type { Application } from '../../api/generated'
import { useText } from '../../i18n'
import { Consequences } from '../../objects/Consequences'

/** What goes with an application, and what stays, by name. */
export function Deleted({ app }: { app: Application }) {
  const t = useText()
  const { volumes = [], route } = app.spec
  const made = volumes.filter((one) => one.claim)
  const kept = volumes.flatMap((one) => one.existingClaim ?? one.dataset?.name ?? one.config ?? one.secret ?? [])
  return (
    <Consequences kind="Application">
      {route && <li>{t('app.goneRoute', { path: app.status?.url ?? `/app/${app.metadata.namespace ?? ''}/${app.metadata.name}/` })}</li>}
      {made.length > 0 && <li className="toned tone-error">{t('app.goneStorage', { names: made.map(({ name, claim }) => `${name} (${claim?.size})`).join(', ') })}</li>}
      {kept.length > 0 && <li className="muted">{t('app.kept', { names: kept.join(', ') })}</li>}
    </Consequences>
  )
}
