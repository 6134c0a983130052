import { Empty } from '../../components/States'
import { useText } from '../../i18n'
import { duration, number } from '../../i18n/format'
import { Panel } from '../../objects/Panel'
import { appTraffic } from '../../objects/queries/app'
import { useTheme } from '../../theme/ThemeProvider'

const seconds = (value: number) => (value === 0 ? '0' : duration(value))

/** Requests, errors and latency, as the gateway counts them. */
export function Traffic({ project, services }: { project: string; services: string[] }) {
  const t = useText()
  const { palette } = useTheme()
  const ask = appTraffic(project, services)
  const none = <Empty title={t('services.noRequests')} hint={t('apps.noRequestsHint')} />
  return (
    <>
      <Panel title={t('services.rate')} empty={none}
        curves={[{ query: ask.requests, name: () => t('services.requests'), area: true }, { query: ask.failing, name: () => t('services.failing'), colour: palette.error }]}
        extra={(newest) => newest(0) !== undefined && <strong>{t('services.rateNow', { rate: number(newest(0)) })}</strong>} />
      <Panel title={t('services.latency')} format={seconds} empty={none}
        curves={[{ query: ask.median, name: () => 'p50' }, { query: ask.p95, name: () => 'p95' }, { query: ask.p99, name: () => 'p99' }]}
        extra={(newest) => newest(2) !== undefined && <strong>p99 {duration(newest(2))}</strong>} />
    </>
  )
}
