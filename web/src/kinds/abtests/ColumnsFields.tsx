import { AutoComplete, Form, Input, Select } from 'antd'
import { DATASETS } from '../../api/kinds'
import { useList } from '../../api/useKube'
import { useText } from '../../i18n'

const POLL_MS = 15_000

/** Which columns of a dataset's tables say whose a value is, and what it is. */
export function ColumnsFields({ at, project }: { at: (string | number)[]; project: string }) {
  const t = useText()
  const datasets = useList(DATASETS, { namespace: project, live: POLL_MS })
  const options = (datasets.data ?? []).flatMap(({ metadata, status }) => [metadata.name, ...(status?.versions ?? []).map(({ name }) => `${metadata.name}@${name}`)]).map((value) => ({ value }))
  const required = [{ required: true, message: t('form.required') }]
  return (
    <>
      <Form.Item className="span-4" name={[...at, 'name']} label={t('abtests.dataset')} extra={t('abtests.datasetHint')} rules={required}><AutoComplete options={options} showSearch={{ filterOption: true }} placeholder="sales@v3" /></Form.Item>
      <Form.Item className="span-4" name={[...at, 'whose']} label={t('abtests.whose')} initialValue="key"><Select options={[{ value: 'key', label: t('abtests.byKey') }, { value: 'requestId', label: t('abtests.byRequest') }]} /></Form.Item>
      <Form.Item className="span-4" name={[...at, 'column']} label={t('abtests.column')} rules={required}><Input className="mono" autoComplete="off" placeholder="user_id" /></Form.Item>
      <Form.Item className="span-4" name={[...at, 'value']} label={t('abtests.valueColumn')} rules={required}><Input className="mono" autoComplete="off" placeholder="amount" /></Form.Item>
      <Form.Item className="span-4" name={[...at, 'time']} label={`${t('abtests.timeColumn')} (${t('form.optional')})`} extra={t('abtests.timeColumnHint')}><Input className="mono" autoComplete="off" placeholder="paid_at" /></Form.Item>
    </>
  )
}
