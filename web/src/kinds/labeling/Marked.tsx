import { useEffect, useRef, useState, type CSSProperties } from 'react'
import type { Span } from '../../api/labeling'
import { useText } from '../../i18n'
import { charactersOf, keysOf, piecesOf, spansOf, toCharacters, wordsOf } from './answer'
import type { SurfaceProps } from './Surface'

type Range = [number, number]

/** A text in which passages get labels: chosen with the mouse, or word by word with the arrows. */
export function Marked({ config, answer, change, label, text }: SurfaceProps & { text: string }) {
  const t = useText()
  const box = useRef<HTMLDivElement>(null)
  const [range, setRange] = useState<Range>()
  const [cursor, setCursor] = useState(0)
  const spans = spansOf(answer)
  const colors = new Map(keysOf(config).map((one) => [one.label, one.color]))
  const words = wordsOf(text)
  const used = useRef(label)

  const add = (name: string, [start, end]: Range) => {
    if (start === end || spans.some((span) => span.label === name && span.start === start && span.end === end)) return
    const found: Span = { label: name, start, end }
    change?.({ spans: [...spans, found].toSorted((a, b) => a.start - b.start || a.end - b.end) })
    setRange(undefined)
  }
  // A label that is chosen while a passage is goes to it.
  useEffect(() => {
    if (used.current !== label && label && range) add(label, range)
    used.current = label
  })

  const select = () => {
    const selection = window.getSelection()
    if (!change || !box.current || !selection || selection.isCollapsed || selection.rangeCount === 0) return
    const { startContainer, startOffset, endContainer, endOffset } = selection.getRangeAt(0)
    const place = (node: Node, offset: number) => placeOf(box.current, node, offset)
    const [start, end] = [place(startContainer, startOffset), place(endContainer, endOffset)]
    if (start === undefined || end === undefined) return
    const chosen: Range = [toCharacters(text, start), toCharacters(text, end)]
    if (label) add(label, chosen)
    else setRange(chosen)
    selection.removeAllRanges()
  }

  const move = (event: React.KeyboardEvent) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
    if (!change) return
    if (step !== 0 && words.length > 0) {
      event.preventDefault()
      const to = Math.min(Math.max(cursor + (range ? step : 0), 0), words.length - 1)
      const word = words[to]
      if (!word) return
      setCursor(to)
      setRange(event.shiftKey && range ? [Math.min(range[0], word.start), Math.max(range[1], word.end)] : [word.start, word.end])
    } else if (event.key === ' ' && range && label) {
      event.preventDefault()
      add(label, range)
    } else if ((event.key === 'Backspace' || event.key === 'Delete') && spans.length > 0) {
      event.preventDefault()
      const under = range && spans.findLast(({ start, end }) => start < range[1] && end > range[0])
      const gone = under ?? spans.at(-1)
      change({ spans: spans.filter((span) => span !== gone) })
    }
  }

  const shown = range ? [...spans, { label: '', start: range[0], end: range[1] }] : spans
  return (
    <>
      <div className="labeling-text pre anywhere" ref={box} tabIndex={0} role="textbox" aria-readonly aria-multiline aria-label={t('labeling.text')} onMouseUp={select} onKeyDown={move}>
        {piecesOf(text, shown).map((piece) => {
          const labelled = piece.labels.filter((span) => span.label)
          const top = labelled.at(-1)
          return (
            <span key={piece.start} data-start={charactersOf(text).slice(0, piece.start).join('').length}
              className={`${top ? 'labeling-span' : ''} ${piece.labels.length > labelled.length ? 'labeling-range' : ''}`}
              style={top ? ({ '--label': colors.get(top.label) } as CSSProperties) : undefined} title={labelled.map((span) => span.label).join(', ') || undefined}>{piece.text}</span>
          )
        })}
      </div>
      {spans.length > 0 && (
        <ul className="labeling-found">
          {spans.map((span) => (
            <li key={`${span.label}${span.start}-${span.end}`}>
              <span className="labeling-dot" style={{ '--label': colors.get(span.label) } as CSSProperties} aria-hidden />
              <span className="muted">{span.label}</span> {charactersOf(text).slice(span.start, span.end).join('')}
              {change && <button type="button" className="labeling-gone" aria-label={t('labeling.remove')} onClick={() => change({ spans: spans.filter((one) => one !== span) })}>×</button>}
            </li>
          ))}
        </ul>
      )}
    </>
  )
}

/** Where in the whole text a place of one piece is, in JavaScript's counting. */
function placeOf(box: HTMLElement | null, node: Node, offset: number): number | undefined {
  const piece = (node instanceof HTMLElement ? node : node.parentElement)?.closest<HTMLElement>('[data-start]')
  if (piece && box?.contains(piece)) return Number(piece.dataset.start) + (node instanceof HTMLElement ? 0 : offset)
  return node === box ? box.textContent.length : undefined
}
