import { Select } from 'antd'
import { useLocation, useNavigate } from 'react-router'
import { useText } from '../i18n'
import { useFrame } from './context'
import { at } from './useProject'

/** Workspace and project; changing the project stays on the same kind of page. */
export function Switcher() {
  const t = useText()
  const { projects, project } = useFrame()
  const navigate = useNavigate()
  const { pathname } = useLocation()
  const workspaces = [...new Set(projects?.map((one) => one.workspace))]
  const workspace = projects?.find((one) => one.name === project)?.workspace
  const go = (name: string | undefined) => {
    if (!name) return
    const kind = /^\/p\/[^/]+\/([^/]+)/.exec(pathname)?.[1] ?? 'jobs'
    void navigate(at(name, kind))
  }
  if (projects && projects.length === 0) return null
  return (
    <>
      <Select
        className="wide-only" aria-label={t('frame.workspace')} value={workspace} loading={!projects} popupMatchSelectWidth={false}
        options={workspaces.map((name) => ({ value: name, label: name }))} style={{ minWidth: 96 }}
        onChange={(name: string) => go(projects?.find((one) => one.workspace === name)?.name)}
      />
      <Select
        showSearch aria-label={t('frame.project')} value={project} loading={!projects} popupMatchSelectWidth={false} style={{ minWidth: 96, maxWidth: 200 }}
        options={projects?.filter((one) => !workspace || one.workspace === workspace).map(({ name }) => ({ value: name, label: name })) ?? []}
        onChange={go}
      />
    </>
  )
}
