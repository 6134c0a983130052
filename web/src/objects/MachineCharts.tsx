import { useText } from '../i18n'
import { amount, bytes, percent } from '../i18n/format'
import { useTheme } from '../theme/ThemeProvider'
import { Panel } from './Panel'
import { machine } from './queries/machine'

interface Props {
  /** Narrows to one machine, `instance="…"`; empty is all of them. */
  where: string
  cores: number | undefined
  memory: number | undefined
}

const rate = (value: number) => `${bytes(value)}/s`

/** Cpu, memory, load, disks and network of one machine or of all together. */
export function MachineCharts({ where, cores, memory }: Props) {
  const t = useText()
  const { palette } = useTheme()
  const ask = machine(where)
  return (
    <>
      <Panel title={t('field.cpu')} curves={[{ query: ask.cpu, name: ({ mode }) => mode ?? '', stack: 'cpu', area: true }]} format={amount}
        {...(cores && { limit: { value: cores, label: t('unit.cores', { n: cores }) } })} />
      <Panel title={t('field.memory')} format={bytes} binary {...(memory && { limit: { value: memory, label: t('machines.installed') } })}
        curves={[{ query: ask.memoryUsed, name: () => t('machines.used'), area: true }, { query: ask.memoryCached, name: () => t('machines.cached'), colour: palette.muted }]} />
      <Panel title={t('machines.load')} curves={[{ query: ask.load1, name: () => t('machines.minutes', { count: 1 }) }, { query: ask.load15, name: () => t('machines.minutes', { count: 15 }) }]}
        {...(cores && { limit: { value: cores, label: t('unit.cores', { n: cores }) } })} />
      <Panel title={t('machines.network')} format={rate} binary curves={[{ query: ask.received, name: () => t('machines.received'), area: true }, { query: ask.sent, name: () => t('machines.sent'), area: true }, { query: ask.networkErrors, name: () => t('machines.netErrors'), colour: palette.error }]} />
      <Panel title={t('machines.disk')} format={rate} binary curves={[{ query: ask.diskRead, name: () => t('machines.read'), area: true }, { query: ask.diskWritten, name: () => t('machines.written'), area: true }]} />
      <Panel title={t('machines.diskBusy')} format={percent} top={1} curves={[{ query: ask.diskBusy, name: () => t('machines.busiest') }]} />
    </>
  )
}
