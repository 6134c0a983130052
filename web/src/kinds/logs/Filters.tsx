import { Input, Select } from 'antd'
import { LEVELS, useLogValues } from '../../api/logs'
import { SINCE, useAddress, useSince } from '../../components/address'
import { useText, type MessageKey } from '../../i18n'

const RANGES: Record<(typeof SINCE)[number], MessageKey> = {
  '15m': 'range.15m', '1h': 'range.1h', '6h': 'range.6h', '24h': 'range.24h', '7d': 'range.7d',
}

/** Every choice is in the address. */
export function Filters({ project, seconds }: { project: string; seconds: number }) {
  const t = useText()
  const [app, setApp] = useAddress('app')
  const [pod, setPod] = useAddress('pod')
  const [level, setLevel] = useAddress('level')
  const [text, setText] = useAddress('q')
  const [trace, setTrace] = useAddress('trace')
  const { since, choose } = useSince()
  const apps = useLogValues('app', { namespace: project }, seconds)
  const pods = useLogValues('pod', { namespace: project, ...(app && { app }) }, seconds)
  const options = (values: string[] | undefined, chosen: string) => [...new Set([...(chosen ? [chosen] : []), ...(values ?? [])])].map((value) => ({ value, label: value }))
  return (
    <div className="table-tools">
      <Input.Search allowClear key={text} defaultValue={text} onSearch={setText} placeholder={t('explorer.query')} aria-label={t('explorer.query')} style={{ width: 300, maxWidth: '100%' }} />
      <Select allowClear showSearch value={app || null} onChange={(value: string | undefined) => setApp(value ?? '')} placeholder={t('explorer.anyApp')} aria-label={t('field.application')}
        options={options(apps.data, app)} style={{ minWidth: 160 }} popupMatchSelectWidth={false} />
      <Select allowClear showSearch value={pod || null} onChange={(value: string | undefined) => setPod(value ?? '')} placeholder={t('explorer.anyPod')} aria-label={t('explorer.pod')}
        options={options(pods.data, pod)} style={{ minWidth: 160 }} popupMatchSelectWidth={false} />
      <Select value={level} onChange={setLevel} aria-label={t('logs.level')} style={{ minWidth: 110 }}
        options={[{ value: '', label: t('logs.anyLevel') }, ...LEVELS.map((one) => ({ value: one, label: one.toUpperCase() }))]} />
      <Select value={since} onChange={choose} aria-label={t('frame.range')} style={{ minWidth: 130 }} options={SINCE.map((one) => ({ value: one, label: t(RANGES[one]) }))} />
      {trace && <Select allowClear value={trace} onChange={() => setTrace('')} aria-label={t('explorer.trace')} options={[{ value: trace, label: `${t('explorer.trace')} ${trace.slice(0, 8)}` }]} />}
    </div>
  )
}
