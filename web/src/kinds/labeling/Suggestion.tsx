import { Button } from 'antd'
import type { Answer, Prediction } from '../../api/labeling'
import { useText, type Translate } from '../../i18n'
import { number, percent } from '../../i18n/format'
import { choicesOf, sideOf, sizeOf } from './answer'
import { SIDES } from './words'

/** What a model says, as words: its labels, or how many marks it made. */
function wordsOf(answer: Answer, t: Translate): string {
  const side = sideOf(answer)
  if (side) return t(SIDES[side])
  return choicesOf(answer).join(', ') || t('labeling.marks', { count: number(sizeOf(answer), 0) })
}

/** What a model says of the task. It is where one begins: handing it in accepts it. */
export function Suggestion({ of, answer, take }: { of: Prediction; answer: Answer | undefined; take: (answer: Answer) => void }) {
  const t = useText()
  const taken = JSON.stringify(answer) === JSON.stringify(of.answer)
  return (
    <div className="labeling-suggestion" role="note" aria-label={t('labeling.suggestion')}>
      <div className="anywhere"><span className="strong">{wordsOf(of.answer, t)}</span>{of.score !== undefined && <span className="numbers muted"> {percent(of.score)}</span>}</div>
      <div className="muted small anywhere">{t('labeling.suggestedBy', { model: of.model || '—' })}</div>
      {taken ? <div className="muted small"><kbd>↵</kbd> {t('labeling.acceptsIt')}</div> : <Button size="small" onClick={() => take(of.answer)}>{t('labeling.takeSuggestion')}</Button>}
    </div>
  )
}
