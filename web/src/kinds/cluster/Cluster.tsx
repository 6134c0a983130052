import { Link } from 'react-router'
import { Card } from '../../components/Card'
import { Notice } from '../../components/Notice'
import { PageHead } from '../../components/PageHead'
import { TimeAxis } from '../../components/plot/axis'
import { isNarrowed, useFilters } from '../../components/filters'
import { useRange, useTravel } from '../../components/range'
import { ErrorWords, Loading } from '../../components/States'
import { at } from '../../frame/useProject'
import { useText } from '../../i18n'
import { FileSystems } from '../../objects/FileSystems'
import { MachineCharts } from '../../objects/MachineCharts'
import { useMachines } from '../../objects/machines'
import { MachineTable } from '../../objects/MachineTable'
import { ShareTable } from '../../objects/ShareTable'
import { useNarrowedMachines } from '../../objects/useNarrowed'
import { useMatcher } from '../nodes/useMachine'
import { Rings } from '../home/Rings'

const sum = (values: (number | undefined)[]) => values.reduce<number>((all, one) => all + (one ?? 0), 0)

/** All machines together: how busy, how full, and for whom. */
export function Cluster() {
  const t = useText()
  const travel = useTravel()
  const range = useRange()
  const filters = useFilters()
  const narrowed = isNarrowed(filters)
  const { machines: all, error, refetch, metricsError } = useMachines(range)
  const machines = useNarrowedMachines(all, filters)
  const matcher = useMatcher(narrowed ? machines?.map((one) => one.name) : [], all?.map((one) => one.name))
  const where = narrowed ? matcher : ''
  const down = machines?.filter((one) => !one.ready).length ?? 0
  return (
    <>
      <PageHead title={t('nav.cluster')} facts={machines ? [
        t('home.machineCount', { count: machines.length }),
        <span key="down" className={down ? 'toned tone-error' : ''}>{down ? t('home.machinesDown', { count: down }) : t('home.allWell')}</span>,
      ] : []} />
      <div className="stack">
        {metricsError && <Notice tone="warning" title={t('home.noMetrics')}><ErrorWords error={metricsError} /></Notice>}
        <Rings machines={machines} range={range} narrowed={narrowed} />
        <TimeAxis name="cluster">
          <div className="grid">
            {where === undefined ? <Card className="span-12"><Loading /></Card> : <MachineCharts where={where} cores={sum(machines?.map((one) => one.cpu.total) ?? []) || undefined} memory={sum(machines?.map((one) => one.memory.total) ?? []) || undefined} />}
            <Card className="span-12" title={t('home.machines')}><MachineTable machines={machines} error={error} retry={refetch} full /></Card>
            <Card className="span-12" title={t('machines.disks')}>{where === undefined ? <Loading /> : <FileSystems where={where} named />}</Card>
            <Card className="span-12" title={t('cluster.projects')}>
              <ShareTable by={['namespace']} filters={filters} title={t('frame.project')} prefix="projects." name={({ namespace = '' }) => <Link className="strong" to={travel(at(namespace, 'apps'))}>{namespace}</Link>} />
            </Card>
          </div>
        </TimeAxis>
      </div>
    </>
  )
}
