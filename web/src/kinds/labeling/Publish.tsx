import { Button, Form, Input, Modal, Select } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import { ApiError } from '../../api/http'
import { DATASETS } from '../../api/kinds'
import { create } from '../../api/kube'
import { exportAddress, FORMATS, publish, type LabelFormat } from '../../api/labeling'
import { Notice } from '../../components/Notice'
import { useAct } from '../../components/useAct'
import { at } from '../../frame/useProject'
import { useText } from '../../i18n'

interface Fields { dataset: string; format: LabelFormat }
type Made = { dataset: string; version: string; lost: { what: string; count: number }[] }

/** Finished work as a dataset's next version, or as a file. */
export function Publish({ project, work, kind }: { project: string; work: string; kind: string }) {
  const t = useText()
  const [form] = Form.useForm<Fields>()
  const [open, setOpen] = useState(false)
  const [made, setMade] = useState<Made>()
  const { busy, act } = useAct()
  const format = Form.useWatch('format', form) ?? 'json-lines'
  const formats = FORMATS.filter((one) => (one !== 'coco' && one !== 'yolo') || kind === 'imageBoxes' || kind === 'imagePolygons')
  const save = ({ dataset, format: wanted }: Fields) => act(async () => {
    await create(DATASETS, { apiVersion: 'dais.io/v1alpha1', kind: 'Dataset', metadata: { name: dataset, namespace: project }, spec: { description: t('labeling.madeOf', { work }) } })
      .catch((cause: unknown) => { if (!(cause instanceof ApiError && cause.status === 409)) throw cause })
    const { version, lost } = await publish(project, work, dataset, wanted)
    setMade({ dataset, version: version.name, lost })
  })
  return (
    <>
      <Button onClick={() => { setMade(undefined); setOpen(true) }}>{t('labeling.publish')}</Button>
      <Modal open={open} onCancel={() => setOpen(false)} title={t('labeling.publish')} okText={t('labeling.publish')} cancelText={t('action.cancel')} confirmLoading={busy} onOk={() => form.submit()} destroyOnHidden>
        <Form<Fields> form={form} layout="vertical" requiredMark={false} initialValues={{ dataset: `${work}-labels`, format: 'json-lines' }} onFinish={(fields) => void save(fields)} style={{ marginTop: 16 }}>
          <Form.Item name="dataset" label={t('labeling.into')} extra={t('labeling.intoHint')} rules={[{ required: true, message: t('form.required') }, { pattern: /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, message: t('form.name') }]}><Input autoComplete="off" /></Form.Item>
          <Form.Item name="format" label={t('labeling.format')}><Select options={formats.map((one) => ({ value: one, label: one }))} /></Form.Item>
        </Form>
        <p className="small"><a href={exportAddress(project, work, format)} download>{t('labeling.download')}</a></p>
        {made && (
          <Notice tone="success" title={t('labeling.published')}>
            <Link to={at(project, 'datasets', made.dataset)}>{made.dataset}@{made.version}</Link>
            {made.lost.map(({ what, count }) => <div key={what}>{t('labeling.lost', { what, count })}</div>)}
          </Notice>
        )}
      </Modal>
    </>
  )
}
