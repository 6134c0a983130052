import type { ABTest } from '../../api/generated'
import { Notice } from '../../components/Notice'
import { useText } from '../../i18n'
import { number } from '../../i18n/format'
import { reasonWords } from '../../objects/reasons'
import { portions, sharesOf } from './arms'
import { whyOf } from './phase'
import { pValue, portion } from './words'

/** What a person should read before the figures. */
export function Alarms({ test }: { test: ABTest }) {
  const t = useText()
  const why = whyOf(test)
  const { mismatch, outcomes, crossed = 0, subjects = 0 } = test.status ?? {}
  return (
    <div className="stack tight notices">
      {why && <Notice tone={why.tone} title={reasonWords(t, why.reason)}>{why.message}</Notice>}
      {mismatch?.alarm && <Mismatch test={test} p={mismatch.pValue} />}
      {(outcomes?.dropped ?? 0) > 0 && <Notice tone="warning" title={t('abtests.dropped', { count: number(outcomes?.dropped, 0) })}>{t('abtests.droppedHint')}</Notice>}
      {crossed > subjects / 100 && <Notice tone="warning" title={t('abtests.crossed', { count: number(crossed, 0) })}>{t('abtests.crossedHint')}</Notice>}
    </div>
  )
}

/** The split of those who came since the shares are what they are. */
function Mismatch({ test, p }: { test: ABTest; p: number }) {
  const t = useText()
  const counted = test.status?.variants ?? []
  const seen = portions(counted.map(({ subjects = 0, subjectsBefore = 0 }) => Math.max(0, subjects - subjectsBefore)))
  const words = (shares: number[]) => test.spec.variants.map(({ name }, index) => `${name} ${portion(shares[index])}`).join(', ')
  return (
    <Notice tone="error" title={t('abtests.mismatch')}>
      <p>{t('abtests.mismatchWhat', { wanted: words(sharesOf(test)), seen: words(seen), p: pValue(p) })}</p>
      <p>{t('abtests.mismatchHint')}</p>
    </Notice>
  )
}
