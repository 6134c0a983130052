import { Form, Input, Segmented, Select } from 'antd'
import { ENVIRONMENTS } from '../../api/kinds'
import { useList } from '../../api/useKube'
import { useText } from '../../i18n'

const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const POLL_MS = 15_000

/** What runs: an image, a command or both; all the time or by a schedule. */
export function ProgramFields({ project, named }: { project: string; named: boolean }) {
  const t = useText()
  const environments = useList(ENVIRONMENTS, { namespace: project, live: POLL_MS })
  const options = environments.data?.map(({ metadata }) => ({ value: metadata.name, label: metadata.name })) ?? []
  return (
    <>
      {!named && (
        <Form.Item name="name" label={t('field.name')} rules={[{ required: true, message: t('form.required') }, { pattern: NAME, message: t('form.name') }]}>
          <Input autoComplete="off" placeholder="web" />
        </Form.Item>
      )}
      <Form.Item name="command" label={t('jobs.command')} extra={<>{t('jobs.commandHint')}<br />{t('appForm.codeHint')}</>} dependencies={['image']}
        rules={[({ getFieldValue }) => ({ validator: (_rule, value: string | undefined) => (value?.trim() || getFieldValue('image') ? Promise.resolve() : Promise.reject(new Error(t('appForm.something')))) })]}>
        <Input.TextArea className="mono" autoSize={{ minRows: 2, maxRows: 10 }} spellCheck={false} placeholder={'sh -c \'exec python3 -m http.server --bind "$HOST" "$PORT"\''} />
      </Form.Item>
      <div className="grid" style={{ rowGap: 0 }}>
        <Form.Item className="span-6" name="image" label={`${t('appForm.image')} (${t('form.optional')})`} extra={t('appForm.imageHint')}><Input className="mono" autoComplete="off" placeholder="nginx:1.27" /></Form.Item>
        <Form.Item className="span-6" name="environment" label={t('jobs.environment')} extra={t('jobs.environmentHint')}><Select allowClear placeholder={t('jobs.hostEnvironment')} options={options} /></Form.Item>
      </div>
      <Form.Item name="runs" label={t('appForm.runs')} style={{ marginBottom: 0 }}>
        <Segmented aria-label={t('appForm.runs')} options={[{ value: 'always', label: t('appForm.always') }, { value: 'schedule', label: t('appForm.bySchedule') }]} />
      </Form.Item>
    </>
  )
}
