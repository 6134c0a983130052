import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { describePerson, project, service } from './person'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const inside = ['datasets', 'environments', 'jobs', 'jobs/new', 'experiments', 'models', 'services', 'services/new', 'explore', 'logs', 'logs?live=1', 'traces']
const PAGES = ['/', '/nodes', '/projects', '/tokens', ...inside.map((one) => `/p/${project}/${one}`), `/p/${project}/services/${service}`]

interface Violation {
  id: string
  impact: string
  nodes: { target: string[]; failureSummary: string }[]
}

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE)
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run: (options: unknown) => Promise<{ violations: Violation[] }> } }
    return (await axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] })).violations
  })
  return found.filter((one) => one.impact === 'serious' || one.impact === 'critical').map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(' ')).join(', ')}`)
}

async function open(page: Page, path: string): Promise<void> {
  await page.goto(path)
  await page.locator('h1, .empty').first().waitFor()
  await page.waitForLoadState('load')
  await page.locator('[aria-busy="true"]').first().waitFor({ state: 'detached' })
}

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
