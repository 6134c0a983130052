import { Select } from 'antd'
import { useAddress } from '../../components/address'
import { useFilters } from '../../components/filters'
import { Card } from '../../components/Card'
import { Notice } from '../../components/Notice'
import { PageHead } from '../../components/PageHead'
import { useText } from '../../i18n'
import { number, percent } from '../../i18n/format'
import { DeviceTable } from './DeviceTable'
import { isOn, troubles, type Device } from './devices'
import { useDevices } from './useDevices'

const KILOWATT = 1000
const total = (devices: Device[], value: (one: Device) => number | undefined) => devices.reduce((sum, one) => sum + (value(one) ?? 0), 0)

/** Every accelerator there is. */
export function DeviceList() {
  const t = useText()
  const [node, setNode] = useAddress('node')
  const filters = useFilters()
  const { devices, error, refetch } = useDevices()
  const machines = [...new Set(devices?.map((one) => one.machine))]
  const shown = devices?.filter((one) => (!node || one.machine === node) && isOn(one, filters))
  const measured = shown?.filter((one) => one.values.busy !== undefined) ?? []
  const wrong = shown?.filter((one) => Object.keys(troubles(one)).length > 0).length ?? 0
  const power = total(shown ?? [], (one) => one.values.power)
  return (
    <>
      <PageHead title={t('nav.gpus')} facts={shown && shown.length > 0 ? [
        t('unit.cards', { n: new Set(shown.map((one) => one.uuid)).size }),
        measured.length > 0 && t('home.busy', { share: percent(total(measured, (one) => one.values.busy) / measured.length / 100) }),
        t('gpus.taken', { count: shown.filter((one) => one.pod).length }),
        power > 0 && `${number(power / KILOWATT, 1)} kW`,
        wrong > 0 && <span key="wrong" className="toned tone-error">{t('gpus.withErrors', { count: wrong })}</span>,
      ] : []} actions={machines.length > 1 && (
        <Select value={node} onChange={setNode} aria-label={t('apps.machine')} style={{ minWidth: 150 }} options={[{ value: '', label: t('gpus.anyMachine') }, ...machines.map((value) => ({ value, label: value }))]} />
      )} />
      <div className="stack">
        {shown?.some((one) => one.recorded) && <Notice tone="warning" title={t('gpus.recorded')}>{t('gpus.recordedHint')}</Notice>}
        <Card><DeviceTable devices={shown} error={error} retry={refetch} /></Card>
      </div>
    </>
  )
}
