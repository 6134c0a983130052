import { Select } from 'antd'
import { useText } from '../../i18n'
import type { Version } from './versions'

interface Props {
  label: string
  versions: Version[]
  value: string
  choose: (name: string) => void
}

export function VersionSelect({ label, versions, value, choose }: Props) {
  const t = useText()
  const options = versions.map(({ name, deprecated }) => ({ value: name, label: deprecated ? `${name} · ${t('algorithms.deprecated')}` : name }))
  return <Select aria-label={label} value={value} style={{ minWidth: 110 }} options={options} onChange={choose} />
}
