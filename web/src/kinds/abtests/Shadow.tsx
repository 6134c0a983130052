import type { ABTest } from '../../api/generated'
import { Card } from '../../components/Card'
import { Empty } from '../../components/States'
import { useText, type MessageKey } from '../../i18n'
import { number } from '../../i18n/format'
import { portion } from './words'

type Part = 'same' | 'different' | 'failed'
const PARTS: { part: Part; word: MessageKey; colour: string }[] = [
  { part: 'same', word: 'abtests.same', colour: 'var(--success)' },
  { part: 'different', word: 'abtests.different', colour: 'var(--warning)' },
  { part: 'failed', word: 'abtests.failed', colour: 'var(--error)' },
]

/** Copies of requests to one more model, and how its answers compare. */
export function Shadow({ test }: { test: ABTest }) {
  const t = useText()
  const rule = test.spec.shadow
  if (!rule) return null
  const count = test.status?.shadow
  const compared = PARTS.reduce((sum, { part }) => sum + (count?.[part] ?? 0), 0)
  const said = PARTS.map(({ part, word }) => `${t(word)} ${number(count?.[part] ?? 0, 0)}`).join(', ')
  return (
    <Card className="span-12" title={t('abtests.shadow')} extra={<span className="anywhere">{t('abtests.shadowOf', { share: portion(rule.percent / 100), model: (rule.service ?? rule.model ?? '').replace('models:/', '') })}</span>}>
      {!count || count.copied === 0 ? <Empty title={t('abtests.noCopies')} hint={t('abtests.noCopiesHint')} /> : (
        <div className="stack tight numbers">
          <div className="split-bar" role="img" aria-label={said} title={said}>
            {compared > 0 && PARTS.map(({ part, colour }) => <i key={part} style={{ width: `${(count[part] / compared) * 100}%`, background: colour }} />)}
          </div>
          <dl className="tally">
            {PARTS.map(({ part, word, colour }) => <div key={part}><dt><i className="swatch" style={{ background: colour }} aria-hidden />{t(word)}</dt><dd>{number(count[part], 0)} <span className="muted small">{portion(compared > 0 ? count[part] / compared : 0)}</span></dd></div>)}
            <div><dt>{t('abtests.copied')}</dt><dd>{number(count.copied, 0)}</dd></div>
          </dl>
          {count.dropped > 0 && <p className="toned tone-warning small">{t('abtests.notCopied', { count: number(count.dropped, 0) })}</p>}
        </div>
      )}
    </Card>
  )
}
