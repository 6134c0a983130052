import type { ReactNode } from 'react'
import { useInstant, type Labels, type Sample } from '../api/prom'
import { DataTable, type Column } from '../components/DataTable'
import type { Filters } from '../components/filters'
import { useRange } from '../components/range'
import { NoneFor } from '../components/NoneFor'
import { useText } from '../i18n'
import { amount, bytes, number } from '../i18n/format'
import { shares } from './queries/machine'
import { narrowing } from './queries/whose'

interface Share {
  key: string
  labels: Labels
  cpu: Amount
  memory: Amount
  accelerators: number | undefined
}
interface Amount {
  used: number | undefined
  asked: number | undefined
}

interface Props {
  /** Labels that make a row. */
  by: readonly string[]
  /** Narrows to what they ask for. */
  filters: Filters
  title: string
  name: (labels: Labels) => ReactNode
  prefix: string
}

/** What is used beside what was asked for: who asks for too much, who for too little. */
export function ShareTable({ by, filters, title, name, prefix }: Props) {
  const t = useText()
  const { end } = useRange()
  const ask = shares(by.join(', '), '', narrowing(filters))
  const cpuUsed = useInstant(ask.cpuUsed, true, end)
  const cpuAsked = useInstant(ask.cpuAsked, true, end)
  const memoryUsed = useInstant(ask.memoryUsed, true, end)
  const memoryAsked = useInstant(ask.memoryAsked, true, end)
  const cards = useInstant(ask.acceleratorsAsked, true, end)
  const all = [cpuUsed.data, cpuAsked.data, memoryUsed.data, memoryAsked.data, cards.data]
  const rows = cpuUsed.data && rowsOf(all, by)
  const some = rows?.some((one) => one.accelerators) ?? false
  const columns: Column<Share>[] = [
    { key: 'name', title, sort: (one) => one.key, cell: (one) => name(one.labels) },
    { key: 'cpu', title: t('machines.cpuUsed'), align: 'right', sort: (one) => one.cpu.used, cell: (one) => amount(one.cpu.used) },
    { key: 'cpuAsked', title: t('machines.asked'), align: 'right', sort: (one) => one.cpu.asked, cell: (one) => <Asked of={one.cpu} words={amount(one.cpu.asked)} /> },
    { key: 'memory', title: t('machines.memoryUsed'), align: 'right', sort: (one) => one.memory.used, cell: (one) => bytes(one.memory.used) },
    { key: 'memoryAsked', title: t('machines.asked'), align: 'right', sort: (one) => one.memory.asked, cell: (one) => <Asked of={one.memory} words={bytes(one.memory.asked)} /> },
    ...(some ? [{ key: 'cards', title: t('field.accelerators'), align: 'right' as const, sort: (one: Share) => one.accelerators, cell: (one: Share) => number(one.accelerators ?? 0, 0) }] : []),
  ]
  return (
    <DataTable rows={rows} error={cpuUsed.error} retry={cpuUsed.refetch} columns={columns} rowKey={(one) => one.key} order="cpu.desc" prefix={prefix}
      text={(one) => one.key} empty={<NoneFor title={t('pod.none')} hint={t('panel.noneHint')} />} />
  )
}

/** More used than asked for: it lives on what others left. */
function Asked({ of, words }: { of: Amount; words: string }) {
  const t = useText()
  const over = of.used !== undefined && of.asked !== undefined && of.used > of.asked
  return over ? <span className="toned tone-warning" title={t('machines.over')}>{words}<span className="visually-hidden"> {t('machines.over')}</span></span> : words
}

function rowsOf(all: (Sample[] | undefined)[], by: readonly string[]): Share[] {
  const keyOf = (labels: Labels) => by.map((one) => labels[one] ?? '').join('/')
  const labels = new Map<string, Labels>()
  for (const one of all.flatMap((samples) => samples ?? [])) labels.set(keyOf(one.labels), one.labels)
  const value = (place: number, key: string) => all[place]?.find((one) => keyOf(one.labels) === key)?.value
  return [...labels].map(([key, own]) => ({
    key, labels: own, cpu: { used: value(0, key), asked: value(1, key) }, memory: { used: value(2, key), asked: value(3, key) }, accelerators: value(4, key),
  }))
}
