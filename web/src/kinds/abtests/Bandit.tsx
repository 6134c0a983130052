import type { ABTest } from '../../api/generated'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { Notice } from '../../components/Notice'
import { Empty } from '../../components/States'
import { UsageBar } from '../../components/UsageBar'
import { useText } from '../../i18n'
import { duration, percent } from '../../i18n/format'
import { Panel, type Curve } from '../../objects/Panel'
import { ABSENT, sharesOf } from './arms'
import { shareBehind } from './queries'
import { useTints } from './useTints'
import { chance, portion } from './words'

/** Weights that follow the primary metric: as they are, and as requests felt them. */
export function Bandit({ test, project }: { test: ABTest; project: string }) {
  const t = useText()
  const tint = useTints()
  const rule = test.spec.bandit
  if (!rule) return null
  const { best = [], renewed, message } = test.status?.bandit ?? {}
  const shares = sharesOf(test)
  const curves = (test.status?.variants ?? []).map(({ name, backend }, index): Curve => ({ query: shareBehind(project, test, backend), name: () => name, colour: tint(index), area: true, stack: 'share' }))
  return (
    <>
      <Card className="span-6" title={t('abtests.bandit')} extra={t('abtests.banditEvery', { time: duration(rule.everySeconds ?? ABSENT.everySeconds), least: portion((rule.minPercent ?? ABSENT.minPercent) / 100) })}>
        <div className="bandit">
          <span className="muted small">{t('abtests.variant')}</span><span className="muted small">{t('abtests.share')}</span><span className="muted small right">{t('abtests.best')}</span>
          {test.spec.variants.map(({ name }, index) => [
            <span key={name} className="anywhere"><i className="swatch" style={{ background: tint(index) }} aria-hidden />{name}</span>,
            <UsageBar key={`${name} share`} ratio={shares[index]} label={name} />,
            <span key={`${name} best`} className="numbers right">{best[index] === undefined ? '—' : chance(best[index])}</span>,
          ])}
        </div>
        <p className="muted small" style={{ marginTop: 10 }}>{renewed ? <>{t('abtests.renewed')} <Ago time={renewed} />. </> : t('abtests.notRenewed')} {t('abtests.banditHint')}</p>
        {message && <Notice tone="muted">{message}</Notice>}
      </Card>
      <Panel className="span-6" title={t('abtests.weightsOverTime')} curves={curves} format={percent} top={1} empty={<Empty title={t('services.noRequests')} />} />
    </>
  )
}
