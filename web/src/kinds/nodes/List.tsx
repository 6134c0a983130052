import { Card } from '../../components/Card'
import { PageHead } from '../../components/PageHead'
import { useFilters } from '../../components/filters'
import { useRange } from '../../components/range'
import { useText } from '../../i18n'
import { useMachines } from '../../objects/machines'
import { useNarrowedMachines } from '../../objects/useNarrowed'
import { MachineTable } from '../../objects/MachineTable'

export function NodeList() {
  const t = useText()
  const range = useRange()
  const { machines: all, error, refetch } = useMachines(range)
  const machines = useNarrowedMachines(all, useFilters())
  return (
    <>
      <PageHead title={t('nav.nodes')} facts={machines ? [t('home.machineCount', { count: machines.length })] : []} />
      <Card><MachineTable machines={machines} error={error} retry={refetch} full /></Card>
    </>
  )
}
