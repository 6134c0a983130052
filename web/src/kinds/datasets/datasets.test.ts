import { describe, expect, it } from 'vitest'
import { ApiError, UNREACHABLE } from '../../api/http'
import { bars, columnTypes, rangeOf, tagChanges } from './content'
import { archiveOf, isPassing, receivedBy, type Chosen } from './sending'

const chosen = (path: string, size = 3): Chosen => ({ path, file: { size } as File })

describe('a table', () => {
  it('has the type that all good rows of a column agree on', () => {
    const rows = [
      { row: 0, values: ['1', 'x', null, 'true', '2024-01-02', 1] },
      { row: 1, values: ['2.5', '3', null, 'false', '2024-01-02T03:04:05Z', 2.5] },
      { row: 2, values: ['oops'], problem: 'too few values' },
      { row: 3, values: ['', 'y', '', 'True', '', null] },
    ]
    expect(columnTypes(['a', 'b', 'c', 'd', 'e', 'f'], rows)).toEqual(['number', 'text', 'empty', 'boolean', 'timestamp', 'number'])
  })

  it('is drawn over its whole range', () => {
    const drawn = bars([{ from: 0, to: 5, count: 2 }, { from: 5, to: 20, count: 4 }])
    expect(drawn.map(({ left, width, height }) => [left, width, height])).toEqual([[0, 0.25, 0.5], [0.25, 0.75, 1]])
    expect(bars([])).toEqual([])
    expect(bars([{ from: 3, to: 3, count: 9 }])[0]).toMatchObject({ left: 0, width: 1, height: 1 })
  })

  it('says how far its values reach', () => {
    const column = { name: 'a', type: 'text', values: 1, missing: 0, distinct: 1, distinctExact: true, kinds: {}, top: { exact: true, offByAtMost: 0, values: [] } }
    expect(rangeOf({ ...column, lengths: { min: 2, max: 9 } })).toEqual(['2', '9'])
    expect(rangeOf(column)).toBeUndefined()
  })
})

describe('tags', () => {
  it('change by what was added and what was taken away', () => {
    expect(tagChanges(['gold', 'old'], ['gold', ' new ', ''])).toEqual({ set: ['new'], removed: ['old'] })
  })
})

describe('an upload', () => {
  it('may unpack one archive alone', () => {
    expect(['a.tar', 'b.TAR.GZ', 'c.tgz', 'd.zip'].every((path) => archiveOf([chosen(path)]))).toBe(true)
    expect(archiveOf([chosen('a.csv')])).toBeUndefined()
    expect(archiveOf([chosen('a.zip'), chosen('b.zip')])).toBeUndefined()
    expect(archiveOf([])).toBeUndefined()
  })

  it('goes on with what is not there yet', () => {
    const all = [chosen('a'), chosen('b', 5), chosen('c'), chosen('d', 9), chosen('e', 9), chosen('empty', 0), chosen('nothing', 0)]
    const files = [{ path: 'a', size: 3 }, { path: 'b', size: 4 }, { path: 'empty', size: 0 }]
    const partial = [{ path: 'd', received: 4, size: 9 }, { path: 'e', received: 4, size: 8 }]
    expect(all.map(receivedBy({ files, partial }))).toEqual([3, undefined, undefined, 4, undefined, 0, undefined])
  })

  it('tries again what may pass, and not what was refused', () => {
    expect(isPassing(new ApiError(0, '/data', UNREACHABLE))).toBe(true)
    expect(isPassing(new ApiError(400, 'the upload broke off', 'broken_off'))).toBe(true)
    expect(isPassing(new ApiError(503, 'the database did not answer', 'database'))).toBe(true)
    expect(isPassing(new ApiError(400, 'no archive', 'invalid'))).toBe(false)
    expect(isPassing(new ApiError(507, 'the disk is full', 'disk_full'))).toBe(false)
    expect(isPassing(new Error('other'))).toBe(false)
  })
})
