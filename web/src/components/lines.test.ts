import { describe, expect, it } from 'vitest'
import { brief, compareLines, type Line } from './lines'

const SIGN = { same: ' ', gone: '-', new: '+' }
const drawn = (lines: (Line | number)[]) => lines.map((line) => (typeof line === 'number' ? `…${line}` : `${SIGN[line.way]}${line.text}`))

describe('two texts', () => {
  it('differ in the fewest lines', () => {
    expect(drawn(compareLines('a\nb\nc\n', 'a\nx\nc\ny\n'))).toEqual([' a', '-b', '+x', ' c', '+y'])
    expect(drawn(compareLines('', 'a\n'))).toEqual(['+a'])
    expect(drawn(compareLines('a\nb', ''))).toEqual(['-a', '-b'])
    expect(drawn(compareLines('a\na\n', 'a\n'))).toEqual([' a', '-a'])
    expect(drawn(compareLines('one\ntwo\nthree\nfour', 'two\nthree\nnew\nfour'))).toEqual(['-one', ' two', ' three', '+new', ' four'])
  })

  it('number their lines, each for itself', () => {
    expect(compareLines('a\nb\nc', 'b\nc').map(({ was, is }) => [was, is])).toEqual([[1, undefined], [2, 1], [3, 2]])
  })

  it('give each of them back', () => {
    const text = (seed: number) => Array.from({ length: 60 }, (_one, at) => String((at * seed) % 7)).join('\n')
    for (let seed = 1; seed < 30; seed += 1) {
      const lines = compareLines(text(seed), text(seed + 3))
      expect(lines.filter(({ way }) => way !== 'new').map((line) => line.text).join('\n')).toBe(text(seed))
      expect(lines.filter(({ way }) => way !== 'gone').map((line) => line.text).join('\n')).toBe(text(seed + 3))
    }
  })

  it('are replaced whole where there is too much to compare', () => {
    const long = (word: string) => Array.from({ length: 3000 }, (_one, at) => `${word}${at}`).join('\n')
    const lines = compareLines(`same\n${long('a')}`, `same\n${long('b')}`)
    expect(lines.map(({ way }) => way).filter((way) => way === 'same')).toHaveLength(1)
    expect(lines).toHaveLength(6001)
  })
})

it('what is the same far from a difference is left out', () => {
  const old = Array.from({ length: 20 }, (_one, at) => String(at))
  expect(drawn(brief(compareLines(old.join('\n'), old.with(10, 'x').join('\n'))))).toEqual(['…7', ' 7', ' 8', ' 9', '-10', '+x', ' 11', ' 12', ' 13', '…6'])
  expect(brief(compareLines('a', 'a'))).toEqual([1])
})
