import { Link, useParams } from 'react-router'
import { NODES } from '../../api/kinds'
import type { Node } from '../../api/meta'
import { quoted } from '../../api/prom'
import { useList } from '../../api/useKube'
import { Card } from '../../components/Card'
import { Facts } from '../../components/Facts'
import { PageHead } from '../../components/PageHead'
import { TimeAxis } from '../../components/plot/axis'
import { useFilters } from '../../components/filters'
import { useTravel } from '../../components/range'
import { Failure, Loading } from '../../components/States'
import { Status } from '../../components/Status'
import { useText } from '../../i18n'
import { bytes, quantity } from '../../i18n/format'
import { Conditions } from '../../objects/Conditions'
import { FileSystems } from '../../objects/FileSystems'
import { Gone } from '../../objects/Gone'
import { MachineCharts } from '../../objects/MachineCharts'
import { DeviceTable } from '../gpus/DeviceTable'
import { isOn } from '../gpus/devices'
import { useDevices } from '../gpus/useDevices'
import { PodsHere } from './PodsHere'
import { useMachine } from './useMachine'

/** One machine: how busy, how full, with which pods. */
export function NodeDetails() {
  const t = useText()
  const travel = useTravel()
  const { name = '' } = useParams()
  const nodes = useList(NODES)
  const where = useMachine(name, nodes.data?.map((one) => one.metadata.name))
  const filters = useFilters()
  const devices = useDevices(`Hostname=${quoted(name)}`).devices?.filter((one) => isOn(one, filters))
  const node = nodes.data?.find((one) => one.metadata.name === name)
  if (nodes.data && !node) return <Gone name={name} back="/nodes" label={t('nav.nodes')} />
  if (!node) return nodes.error ? <Failure error={nodes.error} retry={nodes.refetch} /> : <Loading rows={8} />
  const ready = node.status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True')
  return (
    <>
      <PageHead title={name} crumb={<Link to={travel('/nodes')}>{t('nav.nodes')}</Link>} status={<Status tag tone={ready ? 'success' : 'error'} label={ready ? t('ready.yes') : t('ready.no')} />} />
      <TimeAxis name={`machine-${name}`}>
        <div className="grid">
          {where === undefined ? <Card className="span-12"><Loading /></Card>
            : <MachineCharts where={where} cores={quantity(node.status?.capacity?.cpu)} memory={quantity(node.status?.capacity?.memory)} />}
          {devices && devices.length > 0 && <Card className="span-12" title={t('nav.gpus')} extra={<Link to={travel(`/gpus?node=${encodeURIComponent(name)}`)}>{t('gpus.all')}</Link>}><DeviceTable devices={devices} error={null} retry={() => undefined} of="machine" /></Card>}
          {where !== undefined && <Card className="span-12" title={t('machines.disks')}><FileSystems where={where} /></Card>}
          <Card className="span-12" title={t('machines.pods')}><PodsHere node={name} /></Card>
          <Card className="span-8" title={t('condition.title')}><Conditions of={node.status?.conditions} /></Card>
          <About node={node} />
        </div>
      </TimeAxis>
    </>
  )
}

function About({ node }: { node: Node }) {
  const t = useText()
  const info = node.status?.nodeInfo ?? {}
  return (
    <Card className="span-4" title={t('machines.capacity')}>
      <Facts right of={[
        ...Object.entries(node.status?.capacity ?? {}).map(([key, value]): [string, string] => [key, /memory|storage/.test(key) ? bytes(quantity(value)) : value]),
        [t('machines.system'), info.osImage], [t('machines.kernel'), info.kernelVersion], [t('machines.agent'), info.kubeletVersion],
        [t('machines.runtime'), info.containerRuntimeVersion], [t('machines.address'), node.status?.addresses?.[0]?.address],
      ]} />
    </Card>
  )
}
