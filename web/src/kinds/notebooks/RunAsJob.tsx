import { FileOutlined, FileTextOutlined, FolderOutlined } from '@ant-design/icons'
import { Breadcrumb, Button, Modal } from 'antd'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import type { Notebook } from '../../api/generated'
import { isProgram, runAsJob, useFolder, type Entry } from '../../api/notebooks'
import { DataTable, type Column } from '../../components/DataTable'
import { Empty } from '../../components/States'
import { useAct } from '../../components/useAct'
import { at } from '../../frame/useProject'
import { useText } from '../../i18n'
import { bytes } from '../../i18n/format'

const ICONS = { folder: FolderOutlined, file: FileOutlined, notebook: FileTextOutlined }

/** Finds a program in the home folder, and runs it as a training job. */
export function RunAsJob({ notebook, project }: { notebook: Notebook; project: string }) {
  const t = useText()
  const navigate = useNavigate()
  const [open, setOpen] = useState(false)
  const [path, setPath] = useState('')
  const { busy, act } = useAct()
  const { name } = notebook.metadata
  const folder = useFolder(project, name, path, open)
  const run = (entry: Entry) => act(async () => {
    const job = await runAsJob(notebook, entry.path)
    void navigate(at(project, 'jobs', job))
  })
  const columns: Column<Entry>[] = [
    { key: 'name', title: t('field.name'), cell: (entry) => <Name entry={entry} enter={() => setPath(entry.path)} /> },
    { key: 'size', title: t('datasets.size'), align: 'right', from: 'sm', cell: (entry) => (entry.bytes === undefined ? '' : bytes(entry.bytes)) },
    { key: 'run', title: '', align: 'right', cell: (entry) => isProgram(entry) && <Button size="small" disabled={busy} aria-label={t('notebook.runThis', { name: entry.name })} onClick={() => void run(entry)}>{t('notebook.run')}</Button> },
  ]
  const parts = path.split('/').filter(Boolean)
  return (
    <>
      <Button onClick={() => setOpen(true)}>{t('notebook.run')}</Button>
      <Modal open={open} onCancel={() => setOpen(false)} title={t('notebook.run')} footer={null} destroyOnHidden width={640}>
        <div className="stack">
          <p className="muted">{t('notebook.runHint')}</p>
          <Breadcrumb items={['', ...parts].map((part, depth) => ({
            title: <Button type="link" size="small" style={{ padding: 0 }} onClick={() => setPath(parts.slice(0, depth).join('/'))}>{part || t('notebook.home')}</Button>,
          }))} />
          <DataTable rows={folder.data?.entries} error={folder.error} retry={folder.refetch} columns={columns} rowKey={(entry) => entry.path} prefix="home." empty={<Empty title={t('notebook.nothingHere')} />} />
        </div>
      </Modal>
    </>
  )
}

function Name({ entry, enter }: { entry: Entry; enter: () => void }) {
  const Icon = ICONS[entry.kind]
  const words = <><Icon aria-hidden /> {entry.name}</>
  return entry.kind === 'folder' ? <Button type="link" size="small" style={{ padding: 0 }} onClick={enter}>{words}</Button> : <span className="anywhere">{words}</span>
}
