import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Violation {
  id: string
  impact: string
  nodes: { target: string[]; failureSummary: string }[]
}

/** What keeps somebody from using the page, or a part of it: serious and critical findings alone. */
export async function violations(page: Page, part = 'html'): Promise<string[]> {
  // A row that comes to lie under the pointer begins to change its colours at any moment.
  await page.mouse.move(0, 0)
  await settled(page)
  if (await page.evaluate(() => !('axe' in globalThis))) await page.evaluate(AXE)
  const found = await page.evaluate(async (within) => {
    const { axe } = globalThis as unknown as { axe: { run: (within: string, options: unknown) => Promise<{ violations: Violation[] }> } }
    return (await axe.run(within, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'], resultTypes: ['violations'] })).violations
  }, part)
  return found.filter((one) => one.impact === 'serious' || one.impact === 'critical').map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(' ')).join(', ')}`)
}

/** Waits until a page shows its content. */
export async function open(page: Page, path: string): Promise<void> {
  await page.goto(path)
  await page.locator('h1, .empty').first().waitFor()
  await page.waitForLoadState('load')
  await page.locator('[aria-busy="true"]').first().waitFor({ state: 'detached' })
}

/** Waits until nothing moves: what fades in has other colours on its way. */
async function settled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const ends = (one: Animation) => one.effect?.getComputedTiming().endTime !== Infinity
    await Promise.allSettled(document.getAnimations().filter(ends).map((one) => one.finished))
  })
}
