import { DownloadOutlined } from '@ant-design/icons'
import { Button, Dropdown, Input, Segmented, Select } from 'antd'
import { useMemo } from 'react'
import { useAddress } from '../../components/address'
import { Card } from '../../components/Card'
import { PageHead } from '../../components/PageHead'
import { useFrame } from '../../frame/context'
import { useText } from '../../i18n'
import { Records } from './Records'
import { auditQuery, type AuditFilter } from './useAudit'

const VERBS = ['create', 'update', 'patch', 'delete', 'deletecollection', 'post', 'put']
const PERIODS = ['1h', '24h', '7d', '30d']

/** Every write: by whom, from where, on what, what it was before, and how it ended. */
export function Audit() {
  const t = useText()
  const { session } = useFrame()
  const [user, setUser] = useAddress('user')
  const [verb, setVerb] = useAddress('verb')
  const [resource, setResource] = useAddress('resource')
  const [project, setProject] = useAddress('project')
  const [name, setName] = useAddress('name')
  const [text, setText] = useAddress('text')
  const [period, setPeriod] = useAddress('since')
  const filter = useMemo<AuditFilter>(() => ({ user, verb, resource, project, name, text, since: period }), [user, verb, resource, project, name, text, period])
  const file = (format: string) => `/api/audit/export/${format}?${auditQuery(filter)}`
  const box = (label: string, value: string, set: (value: string) => void) => (
    <Input key={label} allowClear style={{ width: 150 }} placeholder={label} aria-label={label} value={value} onChange={(event) => set(event.target.value.trim())} />
  )
  return (
    <>
      <PageHead title={t('nav.audit')} facts={[session.admin ? t('audit.hint') : t('audit.hintMine')]}
        actions={(
          <Dropdown menu={{ items: ['csv', 'jsonl'].map((format) => ({ key: format, label: <a href={file(format)} download>{t(format === 'csv' ? 'audit.csv' : 'audit.jsonl')}</a> })) }} trigger={['click']}>
            <Button icon={<DownloadOutlined />}>{t('audit.export')}</Button>
          </Dropdown>
        )} />
      <Card>
        <div className="row wrap" style={{ marginBottom: 12 }}>
          <Input.Search allowClear style={{ width: 240 }} placeholder={t('audit.text')} aria-label={t('audit.text')} defaultValue={text} onSearch={setText} />
          {box(t('field.user'), user, setUser)}
          <Select allowClear style={{ width: 130 }} placeholder={t('audit.what')} aria-label={t('audit.what')} value={verb || undefined} onChange={(value?: string) => setVerb(value ?? '')}
            options={VERBS.map((value) => ({ value, label: value }))} />
          {box(t('audit.resource'), resource, setResource)}
          {box(t('audit.project'), project, setProject)}
          {box(t('audit.name'), name, setName)}
          <Segmented size="small" value={period} onChange={setPeriod} options={[...PERIODS.map((value) => ({ value, label: value })), { value: '', label: t('audit.always') }]} />
        </div>
        <Records filter={filter} />
      </Card>
    </>
  )
}
