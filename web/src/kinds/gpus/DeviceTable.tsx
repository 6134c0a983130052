import { Link } from 'react-router'
import { useRanged } from '../../api/prom'
import { DataTable, type Column } from '../../components/DataTable'
import { useRange, useTravel } from '../../components/range'
import { Sparkline } from '../../components/Sparkline'
import { NoneFor } from '../../components/NoneFor'
import { UsageBar } from '../../components/UsageBar'
import { at } from '../../frame/useProject'
import { useText } from '../../i18n'
import { bytesOf, number } from '../../i18n/format'
import { device, whoever } from '../../objects/queries/device'
import { Recorded } from '../../objects/Recorded'
import { memoryShare, troubles, type Device } from './devices'
import { Trouble } from './Marks'

const MIB = 2 ** 20
const HOT_CELSIUS = 85

interface Props {
  devices: Device[] | undefined
  error: Error | null
  retry: () => unknown
  /** On a machine's page its name goes without saying. */
  of?: 'machine'
}

/** Accelerators: how busy, how full, how hot, what went wrong, who is on each. */
export function DeviceTable({ devices, error, retry, of }: Props) {
  const t = useText()
  const travel = useTravel()
  const { seconds, end } = useRange()
  const trend = useRanged(whoever(device().busy), seconds, end, (devices?.length ?? 0) > 0)
  const trendOf = (one: Device) => trend.data?.find(({ labels }) => labels.UUID === one.uuid && (labels.Hostname ?? one.machine) === one.machine && (labels.GPU_I_PROFILE || undefined) === one.slice)?.points.map(([, value]) => value)
  const title = (one: Device) => (of ? t('gpus.number', { index: one.index }) : `${one.machine} · ${one.index}`)
  const total = ({ values: { memoryUsed = 0, memoryFree = 0 } }: Device) => (memoryUsed + memoryFree) * MIB
  const columns: Column<Device>[] = [
    {
      key: 'name', title: t('gpus.device'), sort: (one) => one.key,
      cell: (one) => (
        <div>
          <span className="row"><Link className="strong" to={travel(`/gpus/${encodeURIComponent(one.uuid)}`)}>{title(one)}</Link>{one.recorded && <Recorded />}</span>
          <div className="muted small">{one.model}{one.slice && ` · ${one.slice}`}</div>
        </div>
      ),
    },
    { key: 'busy', title: t('gpus.busy'), width: '14%', sort: (one) => one.values.busy, cell: (one) => <UsageBar tone="accelerator" label={t('gpus.busy')} ratio={ratio(one.values.busy)} /> },
    { key: 'memory', title: t('field.memory'), width: '16%', sort: memoryShare, cell: (one) => <div><UsageBar tone="accelerator" label={t('field.memory')} ratio={memoryShare(one)} /><span className="muted small numbers">{total(one) > 0 && bytesOf((one.values.memoryUsed ?? 0) * MIB, total(one))}</span></div> },
    { key: 'temperature', title: t('gpus.temperature'), align: 'right', sort: (one) => one.values.temperature, cell: (one) => <span className={(one.values.temperature ?? 0) >= HOT_CELSIUS ? 'toned tone-error' : ''}>{degrees(one.values.temperature)}</span> },
    { key: 'power', title: t('gpus.power'), align: 'right', from: 'lg', sort: (one) => one.values.power, cell: (one) => unit(one.values.power, 'W') },
    { key: 'clock', title: t('gpus.clock'), align: 'right', from: 'xxl', sort: (one) => one.values.clock, cell: (one) => unit(one.values.clock, 'MHz') },
    { key: 'trouble', title: t('gpus.errors'), sort: (one) => Object.values(troubles(one)).length, cell: (one) => <Trouble of={one} /> },
    {
      key: 'who', title: t('gpus.who'), sort: (one) => one.user ?? one.pod,
      cell: (one) => !one.pod ? <span className="muted">{t(one.cut ? 'gpus.cut' : 'gpus.nobody')}</span> : (
        <div>
          {one.user && <Link to={travel(`/people/${encodeURIComponent(one.user)}`)}>{one.user}</Link>}{one.user && one.app && ' · '}
          {one.app && one.namespace && <Link to={travel(at(one.namespace, 'apps', one.app))}>{one.app}</Link>}
          <div className="muted small mono">{one.namespace}/{one.pod}</div>
        </div>
      ),
    },
    { key: 'trend', title: t('machines.trend'), from: 'xl', cell: (one) => <Sparkline values={trendOf(one)} label={t('gpus.trendOf', { name: title(one) })} width={72} /> },
  ]
  return (
    <DataTable rows={devices} error={error} retry={retry} columns={columns} rowKey={(one) => one.key} order="name" prefix="gpus."
      {...(!of && { text: (one: Device) => `${one.machine} ${one.index} ${one.model} ${one.uuid} ${one.pod ?? ''} ${one.app ?? ''} ${one.user ?? ''}` })}
      empty={<NoneFor title={t('gpus.none')} hint={t('gpus.noneHint')} />} />
  )
}

const ratio = (value: number | undefined) => (value === undefined ? undefined : value / 100)
const unit = (value: number | undefined, name: string) => (value === undefined ? '—' : `${number(value, 0)} ${name}`)
const degrees = (value: number | undefined) => unit(value, '°C')
