import { Form, Select } from 'antd'
import { useEffect, useMemo } from 'react'
import { useShared, type Runnable } from '../../api/algorithms'
import { ALGORITHMS } from '../../api/kinds'
import { useList } from '../../api/useKube'
import { Notice } from '../../components/Notice'
import { useLanguage, useText } from '../../i18n'
import { fallbacksOf, fieldsOf, type Drawn } from '../algorithms/schema'
import { SchemaFields } from '../algorithms/SchemaFields'
import { bestOf, useVersions, wordsOf } from '../algorithms/versions'
import type { Draft } from './draft'

interface Offered {
  name: string
  deprecated?: string | null | undefined
  spec: Runnable
}

interface Chosen {
  options: { value: string; label: string }[]
  versions: Offered[]
  version: Offered | undefined
  drawn: Drawn
}

/** The algorithms that a project may run, and the version that is chosen. */
export function useChosen(project: string): Chosen {
  const { language } = useLanguage()
  const named = Form.useWatch<Draft['algorithmName']>('algorithmName')
  const wanted = Form.useWatch<Draft['algorithmVersion']>('algorithmVersion')
  const own = useList(ALGORITHMS, { namespace: project, live: 15_000 })
  const shared = useShared(project)
  const mine = useVersions(project, own.data?.find(({ metadata }) => metadata.name === named))
  const theirs = shared.data?.find(({ name }) => name === named)?.versions
  const versions: Offered[] = theirs ?? (named ? (mine.data ?? []) : [])
  const version = versions.find(({ name }) => name === wanted) ?? bestOf(versions)
  const parameters = version?.spec.parameters
  const drawn = useMemo(() => fieldsOf(parameters, language), [parameters, language])
  const options = [
    ...(own.data ?? []).filter(({ status }) => status?.latest).map((one) => ({ value: one.metadata.name, label: `${one.metadata.name} · ${wordsOf(one, language).title}` })),
    ...(shared.data ?? []).map(({ name, title }) => ({ value: name, label: title ? `${name} · ${title}` : name })),
  ]
  return { options, versions, version, drawn }
}

/** Which algorithm, with which parameters, on which data. */
export function AlgorithmFields({ project, references }: { project: string; references: string[] }) {
  const t = useText()
  const form = Form.useFormInstance<Draft>()
  const { options, versions, version, drawn } = useChosen(project)
  const key = version && JSON.stringify(drawn.fields)
  // Another schema has other defaults; what a person has given for the same name stays.
  useEffect(() => {
    if (key === undefined) return
    const given = (form.getFieldValue('arguments') ?? {}) as Record<string, unknown>
    const known = new Set([...drawn.fields.map(({ name }) => name), ...drawn.rest])
    const kept = Object.fromEntries(Object.entries(given).filter(([name, value]) => known.has(name) && value !== undefined))
    form.setFieldValue('arguments', { ...fallbacksOf(drawn.fields), ...kept })
    // Only when the schema is another one.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [key, form])
  const required = [{ required: true, message: t('form.required') }]
  const best = bestOf(versions)
  return (
    <>
      <div className="grid" style={{ rowGap: 0 }}>
        <Form.Item className="span-8" name="algorithmName" label={t('algorithms.one')} rules={required}>
          <Select showSearch={{ optionFilterProp: 'label' }} placeholder={t('algorithms.choose')} options={options} onChange={() => form.setFieldsValue({ algorithmVersion: undefined, inputs: {} } as Partial<Draft>)} />
        </Form.Item>
        <Form.Item className="span-4" name="algorithmVersion" label={t('algorithms.version')}>
          <Select allowClear placeholder={best ? t('algorithms.latest', { version: best.name }) : ''} options={versions.map(({ name, deprecated }) => ({ value: name, label: deprecated ? `${name} · ${t('algorithms.deprecated')}` : name }))} />
        </Form.Item>
      </div>
      {version?.deprecated && <div style={{ marginBottom: 16 }}><Notice tone="warning" title={t('algorithms.isDeprecated', { version: version.name })}>{version.deprecated}</Notice></div>}
      {version && (
        <>
          <div className="grid" style={{ rowGap: 0 }}>
            {version.spec.inputs?.map(({ name, description, optional }) => (
              <Form.Item key={name} className="span-6" name={['inputs', name]} label={optional ? `${t('algorithms.inputs')}: ${name} (${t('form.optional')})` : `${t('algorithms.inputs')}: ${name}`} {...(description && { extra: description })} {...(!optional && { rules: required })}>
                <Select showSearch allowClear options={references.map((one) => ({ value: one, label: one }))} />
              </Form.Item>
            ))}
          </div>
          <SchemaFields key={version.name} drawn={drawn} at="arguments" />
        </>
      )}
    </>
  )
}
