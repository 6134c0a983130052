import { describe, expect, it } from 'vitest'
import { quoted, windowOf } from './prom'

describe('PromQL', () => {
  it('quotes what people name', () => {
    expect(quoted('a"b\\c')).toBe('"a\\"b\\\\c"')
  })
  it('asks for about 180 points that keep their place', () => {
    expect(windowOf(3600, 10_001)).toEqual({ start: 6420, end: 10_020, step: 20 })
    expect(windowOf(60, 1000).step).toBe(5)
  })
})
