import type { ABTest } from '../../api/generated'
import { Empty } from '../../components/States'
import { useText } from '../../i18n'
import { duration, number } from '../../i18n/format'
import { Panel, type Curve } from '../../objects/Panel'
import { failingBehind, latencyBehind, rateBehind } from './queries'
import { useTints } from './useTints'

const seconds = (value: number) => (value === 0 ? '0' : duration(value))

/** Requests, failures and latency of each variant, as the gateway counts them. */
export function Traffic({ test, project }: { test: ABTest; project: string }) {
  const t = useText()
  const tint = useTints()
  const none = <Empty title={t('services.noRequests')} hint={t('abtests.noRequestsHint')} />
  const curves = (query: (project: string, test: ABTest, backend: string) => string): Curve[] =>
    (test.status?.variants ?? []).map(({ name, backend }, index) => ({ query: query(project, test, backend), name: () => name, colour: tint(index) }))
  return (
    <div className="grid">
      <Panel className="span-12" title={t('services.rate')} curves={curves(rateBehind)} format={(value) => number(value, 2)} empty={none} />
      <Panel title={t('abtests.failing')} curves={curves(failingBehind)} format={(value) => number(value, 2)} empty={none} />
      <Panel title={t('abtests.meanLatency')} curves={curves(latencyBehind)} format={seconds} empty={none} />
    </div>
  )
}
