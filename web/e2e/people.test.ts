import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { open, violations } from './axe'
import { describePerson, type Person } from './person'

/** Waits for the file that a click brings. */
async function file({ page }: Person, name: string): Promise<string> {
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name }).click()])
  return readFile(await download.path(), 'utf8')
}

describePerson('use by person', {}, (person) => {
  it('is listed out of the ledger and saved as a table', async () => {
    const { page } = person
    await open(page, '/people?since=24h')
    await page.getByRole('row', { name: /admin/ }).waitFor()
    const text = await file(person, 'Save as CSV')
    expect(text.startsWith('\uFEFFuser,project,jobs,runs,cpu_hours,')).toBe(true)
    expect(text).toMatch(/\r\nadmin,,[1-9]\d*,/)
  })

  it('has every run of a person, and a file of them', async () => {
    const { page } = person
    await page.getByRole('link', { name: 'admin', exact: true }).click()
    await page.getByRole('heading', { name: 'admin' }).waitFor()
    await page.getByRole('heading', { name: 'Use by application' }).waitFor()
    await page.getByText('TrainingJob').first().waitFor()
    expect(await violations(page)).toEqual([])
    const text = await file(person, 'Save as CSV')
    expect(text).toContain(',TrainingJob,')
    expect(person.complaints).toEqual([])
  })

  it('costs something once there are prices, and mistakes are named', async () => {
    const { page } = person
    await open(page, '/people?since=24h')
    await page.getByText('There is no price list yet').waitFor()
    await page.getByRole('button', { name: 'Write a price list' }).click()
    await page.getByLabel('Core × hour').fill('3600')
    await page.getByRole('button', { name: 'Add prices from a later day' }).click()
    await page.getByLabel('From (UTC)').last().fill('2026-99-99')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('prices[1].from').first().waitFor()
    await page.getByLabel('From (UTC)').last().fill('2030-01-01')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('columnheader', { name: 'Cost' }).waitFor()
    await page.getByRole('cell', { name: /¥\d/ }).first().waitFor()
    await page.getByRole('button', { name: 'Edit prices' }).click()
    await page.getByRole('button', { name: 'Remove the price list' }).click()
    await page.getByRole('button', { name: 'Remove the price list' }).last().click()
    await page.getByText('There is no price list yet').waitFor()
  })
})
