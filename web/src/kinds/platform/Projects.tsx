import { Button, Form, Input, Modal } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import { useCan } from '../../api/access'
import { CREATED_BY, LABELS, NAMESPACES } from '../../api/kinds'
import { create } from '../../api/kube'
import type { Namespace } from '../../api/meta'
import { useList } from '../../api/useKube'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { PageHead } from '../../components/PageHead'
import { Empty } from '../../components/States'
import { useAct } from '../../components/useAct'
import { useFrame } from '../../frame/context'
import { at } from '../../frame/useProject'
import { useText } from '../../i18n'

/** Projects that this person may enter, by workspace. */
export function Projects() {
  const t = useText()
  const { projects, error } = useFrame()
  const namespaces = useList(NAMESPACES, { live: 20_000 })
  const may = useCan('create', NAMESPACES)
  const rows = projects?.map(({ name, workspace }): Namespace => namespaces.data?.find((one) => one.metadata.name === name) ?? { metadata: { name, labels: { [LABELS.workspace]: workspace } } })
  const workspace = (one: Namespace) => one.metadata.labels?.[LABELS.workspace] ?? ''
  const action = may && <CreateProject workspaces={[...new Set(projects?.map((one) => one.workspace))]} done={() => void namespaces.refetch()} />
  const columns: Column<Namespace>[] = [
    { key: 'name', title: t('field.name'), sort: (one) => one.metadata.name, cell: (one) => <Link className="strong" to={at(one.metadata.name, 'jobs')}>{one.metadata.name}</Link> },
    { key: 'workspace', title: t('frame.workspace'), sort: workspace, cell: workspace },
    { key: 'by', title: t('field.createdBy'), from: 'md', cell: (one) => one.metadata.annotations?.[CREATED_BY] ?? '—' },
    { key: 'created', title: t('field.created'), sort: (one) => one.metadata.creationTimestamp, cell: (one) => <Ago time={one.metadata.creationTimestamp} /> },
  ]
  return (
    <>
      <PageHead title={t('nav.projects')} facts={projects ? [t('projects.count', { count: projects.length })] : []} actions={action} />
      <Card>
        <DataTable rows={rows} error={error} columns={columns} rowKey={(one) => one.metadata.name} text={(one) => `${one.metadata.name} ${workspace(one)}`} order="name"
          empty={<Empty title={t('home.noProject')} hint={t('home.askProject')} action={action} />} />
      </Card>
    </>
  )
}

interface Fields {
  name: string
  workspace: string
}

function CreateProject({ workspaces, done }: { workspaces: string[]; done: () => void }) {
  const t = useText()
  const [open, setOpen] = useState(false)
  const [form] = Form.useForm<Fields>()
  const { busy, act } = useAct()
  const save = async ({ name, workspace }: Fields) => {
    const made = await act(() => create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { [LABELS.workspace]: workspace } } }), t('projects.made', { name }))
    if (!made) return
    setOpen(false)
    done()
  }
  const rules = [{ required: true, message: t('form.required') }, { pattern: /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, message: t('form.name') }]
  return (
    <>
      <Button type="primary" onClick={() => setOpen(true)}>{t('projects.new')}</Button>
      <Modal open={open} onCancel={() => setOpen(false)} title={t('projects.new')} okText={t('action.create')} cancelText={t('action.cancel')} confirmLoading={busy} onOk={() => form.submit()} destroyOnHidden>
        <Form form={form} layout="vertical" requiredMark={false} initialValues={{ workspace: workspaces[0] ?? 'default' }} onFinish={(fields) => void save(fields)} style={{ marginTop: 16 }}>
          <Form.Item name="name" label={t('field.name')} rules={rules}><Input autoComplete="off" placeholder="credit-score" /></Form.Item>
          <Form.Item name="workspace" label={t('frame.workspace')} rules={rules} extra={t('projects.workspaceHint')}><Input autoComplete="off" /></Form.Item>
        </Form>
      </Modal>
    </>
  )
}
