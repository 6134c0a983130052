import { Link } from 'react-router'
import { useInstant, type Sample } from '../api/prom'
import { DataTable, type Column } from '../components/DataTable'
import { useRange, useTravel } from '../components/range'
import { NoneFor } from '../components/NoneFor'
import { UsageBar } from '../components/UsageBar'
import { useText } from '../i18n'
import { bytesOf, duration } from '../i18n/format'
import { fillsIn, fullness, type FileSystem } from './fileSystem'
import { machine } from './queries/machine'

const keyOf = ({ labels }: Sample) => `${labels.instance} ${labels.device} ${labels.mountpoint}`

/** Disks, the fullest first, and when each will be full if it goes on like this. */
export function FileSystems({ where, named = false }: { where: string; named?: boolean }) {
  const t = useText()
  const travel = useTravel()
  const { end } = useRange()
  const ask = machine(where)
  const size = useInstant(ask.size, true, end)
  const available = useInstant(ask.available, true, end)
  const trend = useInstant(ask.trend, true, end)
  const valueOf = (samples: Sample[] | undefined, key: string) => samples?.find((one) => keyOf(one) === key)?.value
  const rows = size.data?.map((one): FileSystem => {
    const key = keyOf(one)
    const { node, instance = '', mountpoint = '', device = '' } = one.labels
    return { key, machine: node ?? instance.replace(/:\d+$/, ''), mountpoint, device, size: one.value, available: valueOf(available.data, key), trend: valueOf(trend.data, key) }
  })
  const columns: Column<FileSystem>[] = [
    ...(named ? [{ key: 'machine', title: t('apps.machine'), sort: (one: FileSystem) => one.machine, cell: (one: FileSystem) => <Link to={travel(`/nodes/${one.machine}`)}>{one.machine}</Link> }] : []),
    { key: 'mount', title: t('machines.mount'), sort: (one) => one.mountpoint, cell: (one) => <span className="mono">{one.mountpoint}</span> },
    { key: 'device', title: t('machines.device'), from: 'lg', sort: (one) => one.device, cell: (one) => <span className="mono muted">{one.device}</span> },
    { key: 'full', title: t('machines.usedShare'), width: '24%', sort: fullness, cell: (one) => <UsageBar label={one.mountpoint} ratio={fullness(one)} tone={tone(fullness(one))} /> },
    { key: 'size', title: t('machines.size'), align: 'right', sort: (one) => one.size, cell: (one) => bytesOf(one.available === undefined ? undefined : one.size - one.available, one.size) },
    {
      key: 'fills', title: t('machines.fullIn'), align: 'right', sort: (one) => fillsIn(one) ?? Infinity,
      cell: (one) => { const seconds = fillsIn(one); return seconds === undefined ? <span className="muted">{t('machines.notFilling')}</span> : <span className={seconds < SOON_SECONDS ? 'toned tone-error' : ''}>{duration(seconds)}</span> },
    },
  ]
  return (
    <DataTable rows={rows} error={size.error} retry={size.refetch} columns={columns} rowKey={(one) => one.key} order="full.desc" prefix="disks."
      text={(one) => `${one.machine} ${one.mountpoint} ${one.device}`} empty={<NoneFor title={t('machines.noDisks')} hint={t('panel.noneHint')} />} />
  )
}

const SOON_SECONDS = 2 * 86_400
const FULL = 0.9
const NEARLY = 0.8
const tone = (share: number | undefined) => ((share ?? 0) >= FULL ? 'error' as const : (share ?? 0) >= NEARLY ? 'warning' as const : 'accent' as const)
