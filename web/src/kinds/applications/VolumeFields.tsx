import { DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import { Button, Checkbox, Form, Input, Select } from 'antd'
import { useText } from '../../i18n'
import { SOURCES, type VolumeDraft } from './volumes'
import { sourceWords } from './words'

const QUANTITY = /^\d+(\.\d+)?([KMGTP]i?)?$/
const DATASET = /^[^@]+@v[1-9][0-9]*$/

/** Folders of the program, and where each comes from. */
export function VolumeFields() {
  const t = useText()
  const volumes = Form.useWatch<VolumeDraft[] | undefined>('volumes') ?? []
  const required = { required: true, message: t('form.required') }
  return (
    <Form.List name="volumes">
      {(entries, { add, remove }) => (
        <div className="stack tight">
          {entries.map(({ key, name }) => {
            const source = volumes[name]?.source ?? 'claim'
            return (
              <div className="row entry" key={key}>
                <Form.Item name={[name, 'name']} rules={[required]}><Input className="mono" autoComplete="off" aria-label={t('appForm.volumeName')} placeholder="data" /></Form.Item>
                <Form.Item name={[name, 'mountPath']} rules={[required, { pattern: /^\//, message: t('services.readyPathForm') }]}><Input className="mono" autoComplete="off" aria-label={t('appForm.mountPath')} placeholder="/data" /></Form.Item>
                <Form.Item name={[name, 'source']}><Select aria-label={t('appForm.from')} style={{ minWidth: 150 }} options={SOURCES.map((value) => ({ value, label: sourceWords(t, value) }))} /></Form.Item>
                {source === 'claim'
                  ? <Form.Item name={[name, 'size']} rules={[required, { pattern: QUANTITY, message: t('appForm.sizeForm') }]}><Input className="mono" autoComplete="off" aria-label={t('appForm.size')} placeholder="10Gi" /></Form.Item>
                  : <Form.Item name={[name, 'of']} rules={[required, ...(source === 'dataset' ? [{ pattern: DATASET, message: t('appForm.datasetForm') }] : [])]}><Input autoComplete="off" aria-label={t('appForm.of')} placeholder={source === 'dataset' ? 'digits@v3' : t('appForm.of')} /></Form.Item>}
                {source !== 'dataset' && <Form.Item name={[name, 'readOnly']} valuePropName="checked"><Checkbox>{t('appForm.readOnly')}</Checkbox></Form.Item>}
                <Button type="text" icon={<DeleteOutlined />} aria-label={t('appForm.removeVolume')} onClick={() => remove(name)} />
              </div>
            )
          })}
          <div><Button size="small" icon={<PlusOutlined />} onClick={() => add({ source: 'claim' })}>{t('appForm.addVolume')}</Button></div>
          <p className="muted small">{t('appForm.volumesHint')}</p>
        </div>
      )}
    </Form.List>
  )
}
