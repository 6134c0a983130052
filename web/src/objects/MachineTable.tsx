import { Link } from 'react-router'
import { DataTable, type Column } from '../components/DataTable'
import { useTravel } from '../components/range'
import { Sparkline } from '../components/Sparkline'
import { NoneFor } from '../components/NoneFor'
import { Status } from '../components/Status'
import { UsageBar } from '../components/UsageBar'
import { useText } from '../i18n'
import { bytesOf, number } from '../i18n/format'
import { ratio, type Machine } from './machines'
import { Recorded } from './Recorded'

interface Props {
  machines: Machine[] | undefined
  error: Error | null
  retry: () => unknown
  /** With numbers, a search box, and more rows. */
  full?: boolean
}

export function MachineTable({ machines, error, retry, full = false }: Props) {
  const t = useText()
  const travel = useTravel()
  const columns: Column<Machine>[] = [
    {
      key: 'name', title: t('field.name'), sort: (one) => one.name,
      cell: (one) => <span className="row"><Status tone={one.ready ? 'success' : 'error'} label="" /><Link to={travel(`/nodes/${one.name}`)}>{one.name}</Link>{!one.ready && <span className="tag tone-error">{t('ready.no')}</span>}</span>,
    },
    {
      key: 'cpu', title: t('field.cpu'), width: '22%', sort: (one) => ratio(one.cpu.used, one.cpu.total),
      cell: (one) => <Amount label={t('field.cpu')} of={ratio(one.cpu.used, one.cpu.total)} words={full ? t('unit.cores', { n: `${number(one.cpu.used)} / ${number(one.cpu.total)}` }) : ''} />,
    },
    {
      key: 'memory', title: t('field.memory'), width: '22%', sort: (one) => ratio(one.memory.used, one.memory.total),
      cell: (one) => <Amount label={t('field.memory')} of={ratio(one.memory.used, one.memory.total)} words={full && one.memory.total ? bytesOf(one.memory.used, one.memory.total) : ''} />,
    },
    {
      key: 'accelerators', title: t('field.accelerators'), width: '22%', sort: (one) => one.accelerators.total,
      cell: (one) => one.accelerators.total === 0 ? <span className="muted">{t('machines.noAccelerator')}</span>
        : <div className="tone-accelerator"><UsageBar tone="accelerator" label={t('field.accelerators')} ratio={ratio(one.accelerators.used, one.accelerators.total)} />{one.accelerators.recorded && <Recorded />}{full && <span className="muted small numbers">{t('unit.cards', { n: `${number(one.accelerators.used, 0)} / ${one.accelerators.total}` })}</span>}</div>,
    },
    { key: 'trend', title: t('machines.trend'), from: 'sm', cell: (one) => <Sparkline values={one.trend} label={t('machines.trendOf', { name: one.name })} /> },
  ]
  return (
    <DataTable rows={machines} error={error} retry={retry} columns={columns} rowKey={(one) => one.name} order="name" prefix="machines." page={full ? 50 : 10}
      {...(full && { text: (one: Machine) => one.name })} empty={<NoneFor title={t('machines.none')} hint={t('machines.noneHint')} />} />
  )
}

function Amount({ of, words, label }: { of: number | undefined; words: string; label: string }) {
  return (
    <div>
      <UsageBar ratio={of} label={label} />
      {words && <span className="muted small numbers">{words}</span>}
    </div>
  )
}
