import { Card } from '../../components/Card'
import { PageHead } from '../../components/PageHead'
import { useRange } from '../../components/range'
import { useText } from '../../i18n'
import { useMachines } from '../../objects/machines'
import { MachineTable } from '../../objects/MachineTable'

export function NodeList() {
  const t = useText()
  const range = useRange()
  const { machines, error, refetch } = useMachines(range)
  return (
    <>
      <PageHead title={t('nav.nodes')} facts={machines ? [t('home.machineCount', { count: machines.length })] : []} />
      <Card><MachineTable machines={machines} error={error} retry={refetch} full /></Card>
    </>
  )
}
