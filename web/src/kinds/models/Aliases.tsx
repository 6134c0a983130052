import { LockOutlined } from '@ant-design/icons'
import { useQueryClient } from '@tanstack/react-query'
import { Button } from 'antd'
import { useState } from 'react'
import type { Approvals } from '../../api/approvals'
import { aliasesOf, dropAlias, type ModelVersion, type RegisteredModel } from '../../api/mlflow'
import { useAct } from '../../components/useAct'
import { useText } from '../../i18n'
import { isProtected } from './approval'
import { MoveAlias } from './MoveAlias'

interface Props {
  project: string
  model: RegisteredModel
  versions: ModelVersion[]
  version: ModelVersion
  approvals: Approvals | undefined
  mayEdit: boolean
}

/** The aliases of one version; a lock where one moves by approval alone. */
export function Aliases({ project, model, versions, version, approvals, mayEdit }: Props) {
  const t = useText()
  const client = useQueryClient()
  const { act } = useAct()
  const [moving, move] = useState<{ alias?: string; version?: string }>()
  const drop = async (alias: string) => {
    if (isProtected(approvals, alias)) return move({ alias })
    await act(() => dropAlias(project, model.name, alias))
    return client.invalidateQueries({ queryKey: ['mlflow', project] })
  }
  return (
    <span className="row wrap" style={{ gap: 6 }}>
      {aliasesOf(model, version).map((alias) => (
        <span className="tag tone-accelerator" key={alias}>
          {isProtected(approvals, alias) && <Lock />}
          @{alias}
          {mayEdit && (
            <button type="button" aria-label={t('models.dropAlias', { alias })} onClick={() => void drop(alias)}
              style={{ border: 0, background: 'none', color: 'inherit', cursor: 'pointer', padding: '0 0 0 5px' }}>×</button>
          )}
        </span>
      ))}
      {mayEdit && <Button type="text" size="small" aria-label={t('approvals.move')} title={t('approvals.move')} className="muted" onClick={() => move({ version: version.version })}>+</Button>}
      {moving && <MoveAlias project={project} model={model} versions={versions} approvals={approvals} {...moving} close={() => move(undefined)} />}
    </span>
  )
}

export function Lock() {
  const t = useText()
  return <LockOutlined role="img" aria-label={t('approvals.protected')} title={t('approvals.protected')} style={{ marginRight: 4 }} />
}
