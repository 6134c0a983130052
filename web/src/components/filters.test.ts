import { describe, expect, it } from 'vitest'
import { GROUPS } from '../frame/Navigation'
import { FILTERS, filtersOf, isNarrowed, NOTHING, takenBy } from './filters'

describe('the filters of an address', () => {
  it('are an application, a person and a machine', () => {
    expect(filtersOf(new URLSearchParams('app=digits&node=m1&q=x'))).toEqual({ app: 'digits', user: '', node: 'm1' })
    expect([NOTHING, { ...NOTHING, user: 'u' }].map(isNarrowed)).toEqual([false, true])
  })
})

describe('a page of observation', () => {
  it('says which filters narrow it', () => {
    expect(takenBy('/p/a/logs')?.filters).toEqual(FILTERS)
    expect(takenBy('/map')?.filters).toEqual(['app', 'user'])
    expect(takenBy('/people/u')?.filters).toEqual(['app'])
    expect(takenBy('/p/a/explore')?.offers).toBe(true)
    expect(takenBy('/p/a/jobs')).toBeUndefined()
    expect(takenBy('/p/a/labeling/logs')).toBeUndefined()
  })

  it('says so of each of its tabs', () => {
    expect([undefined, 'rules', 'silences'].map((view) => takenBy('/alerts', view)?.filters)).toEqual([FILTERS, FILTERS, FILTERS])
    expect(['/alerts', '/p/a/alerts'].map((path) => takenBy(path, 'receivers')?.filters)).toEqual([[], []])
    expect(takenBy('/cluster', 'receivers')?.filters).toEqual(FILTERS)
  })

  it('is every one that the time range travels to', () => {
    const pages = GROUPS.filter((group) => group.travels).flatMap((group) => group.entries).map((entry) => entry.path ?? `/p/a/${entry.page}`)
    expect(pages.length).toBeGreaterThan(8)
    expect([...pages, '/'].filter((page) => !takenBy(page))).toEqual([])
  })
})
