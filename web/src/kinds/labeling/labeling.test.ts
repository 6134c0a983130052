import { describe, expect, it } from 'vitest'
import { boxBetween, chosen, isEnough, keysOf, nudged, piecesOf, toCharacters, wordsOf } from './answer'

const config = { kind: 'textClassification' as const, labels: [{ name: 'good' }, { name: 'bad', hotkey: '1' }, { name: 'ugly', color: '#000000' }] }

describe('labels', () => {
  it('have their own key, or the next digit that is free', () => {
    expect(keysOf(config).map(({ label, key }) => `${label} ${key}`)).toEqual(['good 2', 'bad 1', 'ugly 3'])
    expect(keysOf({ kind: 'preference', ties: true }).map(({ label }) => label)).toEqual(['left', 'right', 'tie'])
  })

  it('are chosen one at a time unless several are asked for', () => {
    expect(chosen(['good'], 'bad', false)).toEqual(['bad'])
    expect(chosen(['good'], 'bad', true)).toEqual(['good', 'bad'])
    expect(chosen(['good'], 'good', false)).toEqual([])
  })

  it('are enough when as many as the configuration wants', () => {
    expect(isEnough({ choices: [] }, config)).toBe(false)
    expect(isEnough({ choices: ['good'] }, config)).toBe(true)
    expect(isEnough({ spans: [] }, { kind: 'textSpans' })).toBe(true)
    expect(isEnough({ spans: [] }, { kind: 'textSpans', minimum: 1 })).toBe(false)
  })
})

describe('texts', () => {
  it('are counted in characters, whatever JavaScript counts', () => {
    expect(toCharacters('a😀b', 3)).toBe(2)
    const pieces = piecesOf('a😀bc', [{ label: 'x', start: 1, end: 3 }, { label: 'y', start: 2, end: 4 }])
    expect(pieces.map(({ text, labels }) => `${text}:${labels.map(({ label }) => label).join('')}`)).toEqual(['a:', '😀:x', 'b:xy', 'c:y'])
  })

  it('have words to choose by keys', () => {
    expect(wordsOf('Hi, 😀 there').map(({ start, end }) => `${start}-${end}`)).toEqual(['0-2', '6-11'])
  })
})

describe('boxes', () => {
  it('stay inside the image', () => {
    expect(boxBetween('x', [90, 110], [50, 20])).toEqual({ label: 'x', x: 50, y: 20, width: 40, height: 80 })
    expect(nudged({ label: 'x', x: 95, y: 0, width: 5, height: 5 }, [1, -1], false)).toMatchObject({ x: 95, y: 0 })
    expect(nudged({ label: 'x', x: 95, y: 0, width: 5, height: 5 }, [1, 1], true)).toMatchObject({ width: 5, height: 6 })
  })
})
