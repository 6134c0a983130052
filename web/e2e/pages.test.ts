import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { open } from './axe'
import { BARE, clear, fill } from './gallery'
import { CORNERS, faults, LOOKS, show } from './look'
import { describePerson, project, type Person } from './person'
import { address, PATTERNS } from './routes'

/** Patterns that lead to another. */
const ELSEWHERE: Record<string, string> = { 'p/:project': `/p/${project}/jobs`, 'sign-in': '/' }
const OWN = PATTERNS.filter((one) => !(one in ELSEWHERE))
/** States of pages that have an address of their own. */
const STATES = [`p/${project}/logs?live=1`, `p/${project}/logs?is=node:x&not=stream:stderr`]
/** Every list of a project has words for when there is nothing. */
const EMPTY = PATTERNS.filter((one) => /^p\/:project\/[a-z]+$/.test(one)).map((one) => one.replace(':project', BARE))
/** Tabs that are the same on every kind's page: looked at where they come first. */
const COMMON = new Set(['logs', 'terminal', 'events', 'changes', 'yaml'])
const seen = new Set<string>()

const loaded = (page: Page) => page.locator('[aria-busy="true"]').first().waitFor({ state: 'detached' })

async function walk({ page, complaints }: Person, to: string, looks = LOOKS): Promise<string[]> {
  await open(page, to)
  const found: string[] = []
  const look = async (tab: string) => {
    for (const way of looks) {
      await show(page, way)
      const name = [tab, ...Object.values(way)].join(' ')
      found.push(...(await faults(page, way, to === '/' ? 'html' : 'main')).map((fault) => `${name}: ${fault}`))
      if (process.env.DAIS_SHOTS) await page.screenshot({ path: join(process.env.DAIS_SHOTS, `${to.replace(/[^\w-]+/g, '_')} ${name}.png`.replaceAll(' ', '-')), fullPage: true })
    }
  }
  const tabs = await page.locator('main .ant-tabs-tab').evaluateAll((all) => all.map((one) => one.getAttribute('data-node-key') ?? ''))
  for (const tab of tabs) {
    if (COMMON.has(tab) && seen.has(tab)) continue
    seen.add(tab)
    await page.locator(`main .ant-tabs-tab[data-node-key="${tab}"] [role=tab]`).dispatchEvent('click')
    await loaded(page)
    await look(tab)
  }
  if (tabs.length === 0) await look('')
  return [...found, ...complaints]
}

describePerson('every page, in every language and theme, on a desk and on a telephone', {}, (person) => {
  let objects: Record<string, string> = {}
  beforeAll(async () => {
    // A colour on its way to another is none to be judged.
    await person.page.emulateMedia({ reducedMotion: 'reduce' })
    objects = await fill(person)
  })
  afterAll(clear)

  it.each(OWN)('/%s', async (pattern) => {
    expect(await walk(person, address(pattern, objects))).toEqual([])
  })

  it.each(STATES)('/%s', async (to) => {
    expect(await walk(person, `/${to}`)).toEqual([])
  })

  it.each(EMPTY)('/%s, with nothing in it', async (to) => {
    expect(await walk(person, `/${to}`, CORNERS)).toEqual([])
  })

  it.each(Object.entries(ELSEWHERE))('/%s leads to %s', async (pattern, to) => {
    await open(person.page, address(pattern))
    expect(new URL(person.page.url()).pathname).toBe(to)
  })
})
