import { afterAll, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { violations } from './axe'
import { describePerson, project } from './person'
import { dropApplication } from './work'

const name = `nightly-${Date.now().toString(36)}`
/** What a page may take until a program has started. */
const PATIENCE = { timeout: 90_000 }
const head = (page: Page) => page.locator('.page-head')
const row = (page: Page, words: string) => page.getByRole('row').filter({ hasText: words })

describePerson('an application by a schedule', {}, (person) => {
  afterAll(() => dropApplication(person, name).catch(() => undefined))

  it('says when it runs, and runs now', async () => {
    const { page } = person
    await page.goto(`/p/${project}/applications/new`)
    await page.getByLabel('Name', { exact: true }).fill(name)
    await page.getByLabel('Command', { exact: true }).fill('echo done')
    await page.getByText('By a schedule').click()
    await page.getByLabel('Schedule', { exact: true }).fill('0 3 * * *')
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: 'Deploy' }).click()
    await head(page).getByText('0 3 * * *').waitFor(PATIENCE)
    await page.getByText('Next run', { exact: true }).waitFor(PATIENCE)
    await page.getByRole('button', { name: 'Run now' }).click()
    await row(page, name).getByText('Ended with exit code 0').waitFor(PATIENCE)
    expect(person.complaints).toEqual([])
  })
})
