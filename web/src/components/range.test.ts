import { describe, expect, it } from 'vitest'
import { fixedRange, travelled } from './range'

describe('a fixed range in the address', () => {
  it('is two times in milliseconds', () => {
    expect(fixedRange('1000000-4600000')).toEqual({ seconds: 3600, end: 4600 })
  })
  it.each([null, '', '5', 'a-b', '9-1'])('%j is none', (between) => expect(fixedRange(between)).toBeUndefined())
})

describe('a link to another page', () => {
  const here = new URLSearchParams('since=6h&between=1-2&app=digits&sort=name&q=x')
  it('takes the range and the filters along, nothing else', () => {
    expect(travelled('/p/a/logs', here)).toBe('/p/a/logs?since=6h&between=1-2&app=digits')
  })
  it('keeps what it says itself', () => {
    expect(travelled('/p/a/logs?app=other', here)).toBe('/p/a/logs?app=other&since=6h&between=1-2')
    expect(travelled('/gpus', new URLSearchParams('q=x'))).toBe('/gpus')
  })
})
