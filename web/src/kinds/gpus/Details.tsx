import { Link, useParams } from 'react-router'
import { quoted, type Labels } from '../../api/prom'
import { Card } from '../../components/Card'
import { Facts } from '../../components/Facts'
import { Notice } from '../../components/Notice'
import { PageHead } from '../../components/PageHead'
import { TimeAxis } from '../../components/plot/axis'
import { useTravel } from '../../components/range'
import { Failure, Loading } from '../../components/States'
import { at } from '../../frame/useProject'
import { useText } from '../../i18n'
import { bytes, number } from '../../i18n/format'
import { Gone } from '../../objects/Gone'
import { Panel } from '../../objects/Panel'
import { device, whoever } from '../../objects/queries/device'
import { Recorded } from '../../objects/Recorded'
import { useTheme } from '../../theme/ThemeProvider'
import type { Device } from './devices'
import { Trouble } from './Marks'
import { useDevices } from './useDevices'

const MIB = 2 ** 20

/** One accelerator over time; with MIG, its slices side by side. */
export function DeviceDetails() {
  const t = useText()
  const travel = useTravel()
  const { uuid = '' } = useParams()
  const where = `UUID=${quoted(uuid)}`
  const { devices, error, refetch } = useDevices(where)
  if (!devices) return error ? <Failure error={error} retry={refetch} /> : <Loading rows={8} />
  const [first] = devices
  if (!first) return <Gone name={uuid} back="/gpus" label={t('nav.gpus')} />
  const recorded = devices.some((one) => one.recorded)
  return (
    <>
      <PageHead title={`${first.machine} · ${first.index}`} crumb={<Link to={travel('/gpus')}>{t('nav.gpus')}</Link>} status={recorded && <Recorded />} facts={[first.model, <span key="uuid" className="mono">{uuid}</span>]} />
      <div className="stack">
        {recorded && <Notice tone="warning" title={t('gpus.recorded')}>{t('gpus.recordedHint')}</Notice>}
        <TimeAxis name={`device-${uuid}`}>
          <div className="grid">
            <Charts where={where} sliced={devices.length > 1} />
            {devices.filter((one) => !one.cut).map((one) => <Who key={one.key} device={one} />)}
          </div>
        </TimeAxis>
      </div>
    </>
  )
}

function Charts({ where, sliced }: { where: string; sliced: boolean }) {
  const t = useText()
  const { palette } = useTheme()
  const ask = device(where)
  const name = (word: string) => (labels: Labels) => (sliced && labels.GPU_I_PROFILE ? `${word} ${labels.GPU_I_PROFILE}` : word)
  const percentage = (value: number) => `${number(value, 0)}%`
  const mebibytes = (value: number) => bytes(value * MIB)
  return (
    <>
      <Panel title={t('gpus.busy')} format={percentage} top={100} curves={[{ query: whoever(ask.busy), name: name(t('gpus.computing')), colour: palette.accelerator }, { query: whoever(ask.memoryBusy), name: name(t('gpus.copying')), colour: palette.accent }]} />
      <Panel title={t('field.memory')} format={mebibytes} binary curves={[{ query: whoever(ask.memoryUsed), name: name(t('machines.used')), stack: 'memory', area: true, colour: palette.accelerator }, { query: whoever(ask.memoryFree), name: name(t('gpus.free')), stack: 'memory', area: true, colour: palette.muted }]} />
      <Panel title={t('gpus.temperature')} format={(value) => `${number(value, 0)} °C`} curves={[{ query: whoever(ask.temperature), name: name(t('gpus.chip')) }, { query: whoever(ask.memoryTemperature), name: name(t('field.memory')) }]} />
      <Panel title={t('gpus.power')} format={(value) => `${number(value, 0)} W`} curves={[{ query: whoever(ask.power), name: name(t('gpus.power')), area: true }]} />
      <Panel title={t('gpus.clock')} format={(value) => `${number(value, 0)} MHz`} curves={[{ query: whoever(ask.clock), name: name(t('gpus.chip')) }, { query: whoever(ask.memoryClock), name: name(t('field.memory')) }]} />
      <Panel title={t('gpus.errors')} whole format={(value) => number(value, 0)} curves={[
        { query: whoever(ask.xid), name: name('XID'), colour: palette.error }, { query: whoever(ask.uncorrected), name: name(t('gpus.eccUncorrected')), colour: palette.warning },
        { query: whoever(ask.corrected), name: name(t('gpus.eccCorrected')), colour: palette.accent }, { query: whoever(ask.replays), name: name(t('gpus.replays')), colour: palette.muted },
      ]} />
    </>
  )
}

function Who({ device: one }: { device: Device }) {
  const t = useText()
  const travel = useTravel()
  return (
    <Card className="span-6" title={one.slice ? `${t('gpus.who')} · ${one.slice}` : t('gpus.who')}>
      <Facts of={[
        [t('field.user'), one.user && <Link key="user" to={travel(`/people/${encodeURIComponent(one.user)}`)}>{one.user}</Link>],
        [t('field.application'), one.app && one.namespace && <Link key="app" to={travel(at(one.namespace, 'apps', one.app))}>{one.app}</Link>],
        [t('explorer.pod'), one.pod ? <Link key="pod" className="mono" to={travel(`${at(one.namespace ?? '', 'logs')}?pod=${encodeURIComponent(one.pod)}`)}>{one.namespace}/{one.pod}</Link> : t('gpus.nobody')],
        [t('gpus.container'), one.container],
        [t('apps.machine'), <Link key="machine" to={travel(`/nodes/${encodeURIComponent(one.machine)}`)}>{one.machine}</Link>],
        [t('gpus.errors'), <Trouble key="trouble" of={one} />],
      ]} />
    </Card>
  )
}
