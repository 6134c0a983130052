import { DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import { AutoComplete, Button, Form, Input, InputNumber, Segmented, Select } from 'antd'
import { INFERENCE_SERVICES } from '../../api/kinds'
import { useList } from '../../api/useKube'
import { Card } from '../../components/Card'
import { useText } from '../../i18n'
import { REFERENCE, useReferences } from '../services/useReferences'
import { portions } from './arms'
import type { TestDraft, VariantDraft } from './draft'
import { ShareBar } from './ShareBar'
import { useTints } from './useTints'

const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const MOST = 10
const POLL_MS = 10_000

export function useServiceOptions(project: string) {
  const services = useList(INFERENCE_SERVICES, { namespace: project, live: POLL_MS })
  return services.data?.map(({ metadata }) => ({ value: metadata.name, label: metadata.name })) ?? []
}

/** What is compared, and who gets how much of it; the first is the control. */
export function VariantFields({ project }: { project: string }) {
  const t = useText()
  return (
    <Card title={t('abtests.variants')} extra={t('abtests.controlFirst')}>
      <Form.List name="variants">
        {(rows, { add, remove }) => (
          <>
            {rows.map(({ key, name }) => <Row key={key} at={name} project={project} drop={rows.length > 2 ? () => remove(name) : undefined} />)}
            <div className="row wrap" style={{ marginTop: 4 }}><Button size="small" icon={<PlusOutlined />} disabled={rows.length >= MOST} onClick={() => add({ serves: 'service', weight: 50 } satisfies VariantDraft)}>{t('abtests.addVariant')}</Button></div>
          </>
        )}
      </Form.List>
      <Weights />
    </Card>
  )
}

/** The weights, as shares of requests. */
function Weights() {
  const t = useText()
  const variants = Form.useWatch<TestDraft['variants'] | undefined>('variants') ?? []
  const shares = portions(variants.map((one) => one?.weight ?? 0))
  return <div style={{ marginTop: 14 }}><ShareBar named parts={variants.map((one, index) => ({ name: one?.name ?? '', share: shares[index] ?? 0 }))} label={t('abtests.split')} /></div>
}

function Row({ at, project, drop }: { at: number; project: string; drop: (() => void) | undefined }) {
  const t = useText()
  const tint = useTints()
  const services = useServiceOptions(project)
  const references = useReferences(project)
  const serves = Form.useWatch<VariantDraft['serves'] | undefined>(['variants', at, 'serves']) ?? 'service'
  const required = { required: true, message: t('form.required') }
  return (
    <div className="variant-draft" role="group" aria-label={at === 0 ? t('abtests.control') : t('abtests.variantNumber', { number: at + 1 })}>
      <Form.Item name={[at, 'name']} label={<span><i className="swatch" style={{ background: tint(at) }} aria-hidden />{at === 0 ? t('abtests.controlName') : t('field.name')}</span>} rules={[
        required, { pattern: NAME, message: t('form.name') },
        ({ getFieldValue }) => ({ validator: (_rule, name: string) => ((getFieldValue('variants') as VariantDraft[]).filter((one) => one.name === name).length > 1 ? Promise.reject(new Error(t('abtests.nameTaken'))) : Promise.resolve()) }),
      ]}><Input autoComplete="off" /></Form.Item>
      <Form.Item name={[at, 'serves']} label={t('services.serves')}><Segmented block options={[{ value: 'service', label: t('abtests.aService') }, { value: 'model', label: t('abtests.aVersion') }]} /></Form.Item>
      {serves === 'service' ? (
        <Form.Item name={[at, 'service']} label={t('abtests.service')} rules={[required]}><Select showSearch options={services} notFoundContent={t('services.none')} placeholder={t('abtests.chooseService')} /></Form.Item>
      ) : (
        <Form.Item name={[at, 'model']} label={t('jobs.model')} rules={[required, { pattern: REFERENCE, message: t('services.modelHint') }]}><AutoComplete options={references} placeholder="models:/digits/3" showSearch={{ filterOption: true }} /></Form.Item>
      )}
      <Form.Item name={[at, 'weight']} label={t('abtests.weight')} rules={[required]}><InputNumber min={0} max={1_000_000} style={{ width: '100%' }} /></Form.Item>
      {drop ? <Button className="drop" type="text" icon={<DeleteOutlined />} aria-label={t('action.delete')} onClick={drop} /> : <span className="drop" />}
    </div>
  )
}
