import { DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import { AutoComplete, Button, Form, Input, InputNumber, Segmented, Select } from 'antd'
import { useReferences } from '../../api/datasets'
import { ENVIRONMENTS } from '../../api/kinds'
import { useExperiments, useModels } from '../../api/mlflow'
import { useList } from '../../api/useKube'
import { Card } from '../../components/Card'
import { useText } from '../../i18n'
import { AlgorithmFields } from './AlgorithmFields'
import type { Draft } from './draft'

const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const POLL_MS = 15_000

/** What runs, where, on which data, with which parameters. */
export function ProgramFields({ project }: { project: string }) {
  const t = useText()
  const environments = useList(ENVIRONMENTS, { namespace: project, live: POLL_MS })
  const program = Form.useWatch<Draft['program']>('program')
  const references = useReferences(project)
  const required = [{ required: true, message: t('form.required') }]
  return (
    <Card title={t('jobs.program')}>
      <Form.Item name="name" label={t('field.name')} rules={[...required, { pattern: NAME, message: t('form.name') }]}>
        <Input placeholder="digits-forest" autoComplete="off" />
      </Form.Item>
      <Form.Item name="program" label={t('jobs.what')}>
        <Segmented options={[{ value: 'command', label: t('jobs.command') }, { value: 'script', label: t('jobs.script') }, { value: 'algorithm', label: t('algorithms.one') }]} />
      </Form.Item>
      {program === 'algorithm' ? <AlgorithmFields project={project} references={references} /> : program === 'script' ? (
        <Form.Item name="script" label={t('jobs.script')} rules={required} extra={t('jobs.scriptHint')}>
          <Input.TextArea className="mono" rows={9} spellCheck={false} placeholder={'import mlflow\n\nmlflow.log_metric("accuracy", 0.97)'} />
        </Form.Item>
      ) : (
        <Form.Item name="command" label={t('jobs.command')} rules={required} extra={t('jobs.commandHint')}>
          <Input.TextArea className="mono" autoSize={{ minRows: 2 }} spellCheck={false} placeholder="python -m digits.train --trees 400" />
        </Form.Item>
      )}
      <div className="grid" style={{ rowGap: 0 }}>
        <Form.Item className="span-6" name="environment" label={t('jobs.environment')} extra={t('jobs.environmentHint')}>
          <Select allowClear placeholder={t(program === 'algorithm' ? 'algorithms.ownEnvironment' : 'jobs.hostEnvironment')} options={environments.data?.map(({ metadata }) => ({ value: metadata.name, label: metadata.name })) ?? []} />
        </Form.Item>
        {program !== 'algorithm' && (
          <Form.Item className="span-6" name="datasets" label={t('nav.datasets')} extra={t('jobs.datasetsHint')}>
            <Select mode="multiple" options={references.map((one) => ({ value: one, label: one }))} />
          </Form.Item>
        )}
      </div>
      {program !== 'algorithm' && <Parameters />}
    </Card>
  )
}

function Parameters() {
  const t = useText()
  return (
    <Form.Item label={t('jobs.parameters')} extra={t('jobs.parametersHint')} style={{ marginBottom: 0 }}>
      <Form.List name="parameters">
        {(entries, { add, remove }) => (
          <div className="stack tight" style={{ maxWidth: 520 }}>
            {entries.map(({ key, name }) => (
              <div className="row" key={key}>
                <Form.Item name={[name, 'key']} noStyle><Input placeholder="n_estimators" aria-label={t('jobs.parameterName')} /></Form.Item>
                <Form.Item name={[name, 'value']} noStyle><Input placeholder="400" aria-label={t('jobs.parameterValue')} /></Form.Item>
                <Button type="text" icon={<DeleteOutlined />} aria-label={t('action.delete')} onClick={() => remove(name)} />
              </div>
            ))}
            <div><Button size="small" icon={<PlusOutlined />} onClick={() => add({})}>{t('jobs.addParameter')}</Button></div>
          </div>
        )}
      </Form.List>
    </Form.Item>
  )
}

/** How much of the machines, how often, how long. */
export function ResourceFields() {
  const t = useText()
  return (
    <Card title={t('jobs.resources')}>
      <div className="grid" style={{ rowGap: 0 }}>
        <Form.Item className="span-4" name="cpu" label={t('field.cpu')} extra={t('jobs.cpuHint')} rules={[{ pattern: /^\d+(\.\d+)?m?$/, message: t('jobs.cpuHint') }]}>
          <Input placeholder="2" />
        </Form.Item>
        <Form.Item className="span-4" name="memory" label={t('field.memory')} extra={t('jobs.memoryHint')} rules={[{ pattern: /^\d+(\.\d+)?([KMGT]i?)?$/, message: t('jobs.memoryHint') }]}>
          <Input placeholder="4Gi" />
        </Form.Item>
        <Form.Item className="span-4" name="accelerators" label={t('field.accelerators')}><InputNumber min={0} style={{ width: '100%' }} /></Form.Item>
        <Form.Item className="span-4" name="replicas" label={t('jobs.replicas')} extra={t('jobs.replicasHint')}><InputNumber min={1} max={1000} placeholder="1" style={{ width: '100%' }} /></Form.Item>
        <Form.Item className="span-4" name="processes" label={t('jobs.processes')} extra={t('jobs.processesHint')}><InputNumber min={1} max={256} placeholder="1" style={{ width: '100%' }} /></Form.Item>
        <Form.Item className="span-4" name="retries" label={t('jobs.retries')} extra={t('jobs.retriesHint')}><InputNumber min={0} max={100} style={{ width: '100%' }} /></Form.Item>
        <Form.Item className="span-4" name="deadline" label={t('jobs.deadline')} extra={t('jobs.deadlineHint')}><InputNumber min={1} style={{ width: '100%' }} /></Form.Item>
      </div>
    </Card>
  )
}

/** Where results are found later. */
export function ResultFields({ project }: { project: string }) {
  const t = useText()
  const experiments = useExperiments(project)
  const models = useModels(project)
  return (
    <Card title={t('jobs.where')}>
      <div className="grid" style={{ rowGap: 0 }}>
        <Form.Item className="span-4" name="application" label={t('field.application')} extra={t('jobs.applicationHint')}><Input placeholder="score-card" /></Form.Item>
        <Form.Item className="span-4" name="experiment" label={t('jobs.experiment')} extra={t('jobs.experimentHint')}>
          <AutoComplete options={experiments.data?.map(({ name }) => ({ value: name })) ?? []} />
        </Form.Item>
        <Form.Item className="span-4" name="model" label={t('jobs.model')} extra={t('jobs.modelHint')}>
          <AutoComplete options={models.data?.map(({ name }) => ({ value: name })) ?? []} />
        </Form.Item>
      </div>
    </Card>
  )
}
