import { AutoComplete, Form, Input, InputNumber, Segmented, Select } from 'antd'
import { ENVIRONMENTS } from '../../api/kinds'
import { useList } from '../../api/useKube'
import { useText } from '../../i18n'
import { ABSENT, type Draft } from './draft'
import { REFERENCE, useReferences } from './useReferences'

const POLL_MS = 15_000

/** What is served: a model, a program, or a program with a model. */
export function ServedFields({ project }: { project: string }) {
  const t = useText()
  const serves = Form.useWatch<Draft['serves'] | undefined>('serves') ?? 'model'
  const references = useReferences(project)
  const required = { required: true, message: t('form.required') }
  const hint = { model: t('services.modelIsServed'), program: t('services.programIsServed'), both: t('services.bothAreServed') }[serves]
  return (
    <>
      <Form.Item name="serves" extra={hint}>
        <Segmented aria-label={t('services.serves')} options={[{ value: 'model', label: t('services.aModel') }, { value: 'program', label: t('services.aProgram') }, { value: 'both', label: t('services.both') }]} />
      </Form.Item>
      {serves !== 'program' && (
        <Form.Item name="model" label={t('jobs.model')} extra={t('services.modelHint')} rules={[required, { pattern: REFERENCE, message: t('services.modelHint') }]}>
          <AutoComplete options={references} placeholder="models:/digits/3" showSearch={{ filterOption: true }} />
        </Form.Item>
      )}
      {serves !== 'model' && <ProgramFields project={project} />}
    </>
  )
}

function ProgramFields({ project }: { project: string }) {
  const t = useText()
  const environments = useList(ENVIRONMENTS, { namespace: project, live: POLL_MS })
  const options = environments.data?.map(({ metadata }) => ({ value: metadata.name, label: metadata.name })) ?? []
  return (
    <>
      <Form.Item name="command" label={t('jobs.command')} extra={<>{t('jobs.commandHint')}<br />{t('services.codeHint')}</>} rules={[{ required: true, whitespace: true, message: t('form.required') }]}>
        <Input.TextArea className="mono" autoSize={{ minRows: 2, maxRows: 10 }} spellCheck={false} placeholder={'sh -c \'exec python3 -m http.server --bind "$HOST" "$PORT"\''} />
      </Form.Item>
      <div className="grid" style={{ rowGap: 0 }}>
        <Form.Item className="span-4" name="environment" label={t('jobs.environment')} extra={t('jobs.environmentHint')}>
          <Select allowClear placeholder={t('jobs.hostEnvironment')} options={options} />
        </Form.Item>
        <Form.Item className="span-4" name="port" label={t('services.port')}><InputNumber min={1} max={65_535} precision={0} placeholder={String(ABSENT.port)} style={{ width: '100%' }} /></Form.Item>
        <Form.Item className="span-4" name="readyPath" label={t('services.readyPath')} extra={t('services.readyPathHint')} rules={[{ pattern: /^\//, message: t('services.readyPathForm') }]}>
          <Input className="mono" placeholder="/health" />
        </Form.Item>
      </div>
    </>
  )
}
