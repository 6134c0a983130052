import { expect, it } from 'vitest'
import { open, violations } from './axe'
import { PAGES } from './paths'
import { describePerson } from './person'

describePerson('every page', {}, (person) => {
  it.each(PAGES)('%s is accessible and quiet', async (path) => {
    await open(person.page, path)
    expect(await violations(person.page)).toEqual([])
    expect(person.complaints).toEqual([])
  })
})

describePerson('every page on a telephone', { width: 390 }, (person) => {
  it.each(PAGES)('%s fits', async (path) => {
    await open(person.page, path)
    expect(await person.page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
  })
})
