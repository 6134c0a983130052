import { Button } from 'antd'
import type { Notebook } from '../../api/generated'
import { reached } from '../../api/origin'
import { useInfo } from '../../api/session'
import { useText } from '../../i18n'
import { labAt } from './words'

/** The way into JupyterLab, on the tenants' origin; a visit wakes what sleeps. */
export function OpenLab({ notebook, small = false }: { notebook: Notebook; small?: boolean }) {
  const t = useText()
  const info = useInfo()
  if (!info.data || notebook.spec.stopped) return null
  const words = t(notebook.status?.asleep ? 'notebook.wake' : 'notebook.open')
  return (
    <Button {...(small ? { size: 'small', type: 'link' } : { type: 'primary' })} href={`${reached(info.data.gateway ?? '')}${labAt(notebook)}`} target="_blank" rel="noopener">{words}</Button>
  )
}
