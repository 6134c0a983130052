import { Button, Input } from 'antd'
import type { TextAreaRef } from 'antd/es/input/TextArea'
import { useId, useRef, useState, type KeyboardEvent } from 'react'
import { flushSync } from 'react-dom'
import { useText } from '../../i18n'
import { placeAt, taken, type Suggestion } from './complete'
import { useSuggestions } from './useSuggestions'

interface Props {
  expression: string
  ask: (expression: string) => void
}

/** A box for PromQL that knows the names of what is measured. Enter asks, Tab takes a suggestion. */
export function Editor({ expression, ask }: Props) {
  const t = useText()
  const id = useId()
  const box = useRef<TextAreaRef>(null)
  const [draft, setDraft] = useState(expression)
  const [known, setKnown] = useState(expression)
  if (known !== expression) {
    // Replaced from outside: an example, or the way back.
    setKnown(expression)
    setDraft(expression)
  }
  const [cursor, setCursor] = useState(expression.length)
  const [open, setOpen] = useState(false)
  const [chosen, choose] = useState(0)
  const place = placeAt(draft, cursor)
  const found = useSuggestions(place, open)
  const shown = open && found.length > 0
  const here = Math.min(chosen, found.length - 1)
  const take = (one: Suggestion) => {
    const next = taken(draft, cursor, place, one)
    // At once: who types on at that moment would find the cursor moved under their hands.
    flushSync(() => {
      setDraft(next.text)
      setCursor(next.cursor)
      setOpen(one.kind === 'function')
      choose(0)
    })
    const area = box.current?.resizableTextArea?.textArea
    area?.focus()
    area?.setSelectionRange(next.cursor, next.cursor)
  }
  const send = () => {
    setOpen(false)
    ask(draft.trim())
  }
  const press = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    const one = found[here]
    if (event.key === ' ' && event.ctrlKey) setOpen(true)
    else if (shown && step !== 0) choose((here + step + found.length) % found.length)
    else if (shown && event.key === 'Escape') setOpen(false)
    else if (shown && one && (event.key === 'Tab' || (event.key === 'Enter' && chosen > 0))) take(one)
    else if (event.key === 'Enter' && !event.shiftKey) send()
    else return
    event.preventDefault()
  }
  return (
    <div className="row" style={{ alignItems: 'flex-start' }}>
      <div className="editor">
        <Input.TextArea ref={box} className="mono" autoSize={{ minRows: 1, maxRows: 8 }} spellCheck={false} autoComplete="off" value={draft} placeholder="rate(dais_gateway_requests_total[1m])"
          role="combobox" aria-label={t('explore.expression')} aria-expanded={shown} aria-controls={`${id}-list`} aria-autocomplete="list" {...(shown && { 'aria-activedescendant': `${id}-${here}` })}
          onChange={(event) => { setDraft(event.target.value); setCursor(event.target.selectionStart); setOpen(true); choose(0) }}
          onSelect={(event) => setCursor(event.currentTarget.selectionStart)} onKeyDown={press} onBlur={() => setOpen(false)} />
        <div id={`${id}-list`} role="listbox" aria-label={t('explore.suggestions')} className="suggestions" hidden={!shown}>
          {shown && found.map((one, index) => (
            <button key={`${one.kind}${one.text}`} id={`${id}-${index}`} type="button" role="option" tabIndex={-1} aria-selected={index === here} className="suggestion"
              ref={index === here ? (element) => element?.scrollIntoView({ block: 'nearest' }) : null}
              onMouseDown={(event) => { event.preventDefault(); take(one) }}>
              <span className="mono truncate">{one.text}</span><span className="muted small">{t(KINDS[one.kind])}</span>
            </button>
          ))}
        </div>
      </div>
      <Button type="primary" onClick={send}>{t('explore.ask')}</Button>
    </div>
  )
}

const KINDS = { metric: 'explore.metric', function: 'explore.function', label: 'explore.label', value: 'explore.value', range: 'explore.rangeWord' } as const
