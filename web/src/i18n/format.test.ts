import { describe, expect, it } from 'vitest'
import { amount, bytes, bytesOf, duration, metric, number, percent, quantity } from './format'

describe('numbers for people', () => {
  it('keeps the unit of the whole', () => {
    expect(bytesOf(369 * 2 ** 30, 768 * 2 ** 30)).toBe('369 / 768 GiB')
    expect(bytesOf(undefined, 4 * 2 ** 30)).toBe('— / 4 GiB')
  })
  it('scales bytes by 1024', () => {
    expect([0, 512, 1536, 812_345, 4 * 2 ** 30].map(bytes)).toEqual(['0 B', '512 B', '1.5 KiB', '793 KiB', '4 GiB'])
  })
  it('names times by their size', () => {
    expect([0.00042, 0.0061, 0.38, 5, 200, 300, 7500, 100_000].map(duration)).toEqual(['420 µs', '6.1 ms', '380 ms', '5 s', '3 min 20 s', '5 min', '2 h 5 min', '1 d 3 h'])
  })
  it('drops digits that tell nothing', () => {
    expect([59.44, 1284.4, 0.25].map((one) => number(one))).toEqual(['59.4', '1,284', '0.3'])
    expect([0.9706, 0.000012, 0, 123456789].map(metric)).toEqual(['0.9706', '1.20e-5', '0', '1.23e+8'])
  })
  it('keeps what is small', () => {
    expect([0, 0.00432, 0.0999, 1.234, undefined].map(amount)).toEqual(['0', '0.0043', '0.1', '1.23', '—'])
  })
  it('says — for what is not known', () => {
    expect([number(undefined), bytes(Number.NaN), percent(undefined), duration(Infinity)]).toEqual(['—', '—', '—', '—'])
  })
  it('reads Kubernetes quantities', () => {
    expect(['2', '500m', '4Gi', '1e3', '10k'].map(quantity)).toEqual([2, 0.5, 4 * 2 ** 30, 1000, 10_000])
    expect(quantity('lots')).toBeUndefined()
  })
})
