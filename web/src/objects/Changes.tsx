import { useMemo } from 'react'
import { Link } from 'react-router'
import { useText } from '../i18n'
import { Records } from '../kinds/audit/Records'

/** Who changed an object, and what, since it is there. */
export function Changes({ project, resource, name }: { project: string; resource: string; name: string }) {
  const t = useText()
  const filter = useMemo(() => ({ project, resource, name }), [project, resource, name])
  return (
    <>
      <div style={{ textAlign: 'right', marginBottom: 8 }}>
        <Link className="small" to={`/audit?${new URLSearchParams(filter)}`}>{t('audit.inAll')}</Link>
      </div>
      <Records filter={filter} brief />
    </>
  )
}
