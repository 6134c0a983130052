import { useRanged, type Labels } from '../../api/prom'
import { useRange } from '../../components/range'
import { useText } from '../../i18n'
import { amount, bytes, number } from '../../i18n/format'
import { Panel } from '../../objects/Panel'
import type { Filters } from '../../components/filters'
import { app } from '../../objects/queries/app'
import { RecordedIf } from '../../objects/Recorded'
import { reasonWords } from '../../objects/reasons'
import { narrowing } from '../../objects/queries/whose'
import { useTheme } from '../../theme/ThemeProvider'

const pod = (labels: Labels) => labels.pod ?? ''
const whole = (value: number) => number(value, 0)

/** Cpu, memory, accelerators and pods. Accelerators only where it has any. */
export function Resources({ project, filters }: { project: string; filters: Filters }) {
  const t = useText()
  const { palette } = useTheme()
  const { seconds, end } = useRange()
  const ask = app(project, filters.app, narrowing({ ...filters, app: '' }))
  const cards = useRanged(ask.accelerators, seconds, end).data?.some((one) => one.points.length > 0) ?? false
  const phases: Record<string, string> = { Running: palette.success, Pending: palette.warning, Failed: palette.error, Succeeded: palette.muted }
  return (
    <>
      <Panel title={t('field.cpu')} curves={[{ query: ask.cpu, name: pod, stack: 'cpu', area: true }]} format={(value) => t('unit.cores', { n: amount(value) })} />
      <Panel title={t('field.memory')} curves={[{ query: ask.memory, name: pod, stack: 'memory', area: true }]} format={bytes} binary />
      {cards && (
        <>
          <Panel title={t('apps.acceleratorsBusy')} curves={[{ query: ask.acceleratorsBusy, name: pod, colour: palette.accelerator }]} format={(value) => `${whole(value)}%`} top={100} extra={() => <RecordedIf query={ask.acceleratorsRecorded} />} />
          <Panel title={t('field.accelerators')} curves={[{ query: ask.accelerators, name: pod, stack: 'cards', area: true, colour: palette.accelerator }]} format={whole} whole />
        </>
      )}
      <Panel title={t('apps.phases')} curves={[{ query: ask.pods, name: ({ phase }) => reasonWords(t, phase), tint: ({ phase }) => phases[phase ?? ''] }]} format={whole} whole />
      <Panel title={t('pod.restarts')} curves={[{ query: ask.restarts, name: () => t('apps.restarts'), area: true, colour: palette.warning }]} format={(value) => number(value, 1)} whole />
    </>
  )
}
