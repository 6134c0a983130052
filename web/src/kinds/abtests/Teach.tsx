import type { ReactNode } from 'react'
import { Code } from '../../components/Code'
import { Empty } from '../../components/States'
import { useText } from '../../i18n'
import { applyLine } from './command'
import { ShareBar } from './ShareBar'

const EXAMPLE = `apiVersion: dais.io/v1alpha1
kind: ABTest
metadata: {name: digits-test}
spec:
  variants:
    - {name: control, service: digits, weight: 90}
    - {name: challenger, model: models:/digits/8, weight: 10}
  key: {header: x-user-id}
  metrics:
    - {name: bought, minimumEffect: 0.05}
    - {name: errors, direction: decrease, source: {builtin: errors}}
  primary: bought
  guardrails: [{metric: errors, maxWorseBy: 0.01}]`

/** For whoever sees tests for the first time: what one is, and how it begins. */
export function Teach({ action }: { action: ReactNode }) {
  const t = useText()
  return (
    <div className="teach">
      <Empty title={t('abtests.none')} hint={t('abtests.noneHint')} action={action} />
      <div className="teach-steps">
        <div><h3>{t('abtests.teachSplit')}</h3><p className="muted small">{t('abtests.teachSplitHint')}</p><ShareBar named parts={[{ name: 'control', share: 0.9 }, { name: 'challenger', share: 0.1 }]} label={t('abtests.teachSplit')} /></div>
        <div><h3>{t('abtests.teachMeasure')}</h3><p className="muted small">{t('abtests.teachMeasureHint')}</p></div>
        <div><h3>{t('abtests.teachDecide')}</h3><p className="muted small">{t('abtests.teachDecideHint')}</p></div>
      </div>
      <p className="muted small">{t('abtests.teachTerminal')}</p>
      <Code text={applyLine()} label={t('abtests.command')} />
      <Code text={EXAMPLE} label={t('abtests.exampleFile')} />
    </div>
  )
}
