import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { open, violations } from './axe'
import { describePerson, project } from './person'

const JOB = 'tuning'
const CARD = 'GPU-5ec0a1d0-0000-4000-8000-000000000000'
const link = (page: Page) => page.locator(`a[href^="/gpus/${CARD}"]`).first()

/** The platform that pages are tested on plays a recording, and a job holds one of its cards. */
describePerson('recorded accelerators', {}, (person) => {
  it('are in the list, marked, with who is on them', async () => {
    const { page } = person
    await open(page, '/gpus')
    const row = page.getByRole('row').filter({ has: link(page) })
    await row.getByText('NVIDIA H100 80GB HBM3').waitFor()
    await row.getByText('Recorded', { exact: true }).waitFor()
    await row.getByRole('link', { name: JOB, exact: true }).waitFor()
    await row.getByRole('link', { name: 'admin', exact: true }).waitFor()
    await page.getByText('These values were recorded, not measured here.').waitFor()
    // Two whole cards, and one that is cut in two.
    expect(await page.locator('tbody a[href^="/gpus/GPU-5ec0a1d0"]').count()).toBe(5)
    await page.getByText('1g.5gb').waitFor()
    await page.getByText('XID 63').waitFor()
    expect(await violations(page)).toEqual([])
    expect(person.complaints).toEqual([])
  })

  it('have a page with curves, and lead to the job and the person', async () => {
    const { page } = person
    await link(page).click()
    await page.waitForURL(new RegExp(`/gpus/${CARD}`))
    for (const title of ['Utilisation', 'Memory', 'Temperature', 'Power']) {
      const card = page.locator('.card').filter({ has: page.getByRole('heading', { name: title, exact: true }) })
      await card.locator('.plot svg path').first().waitFor({ state: 'attached' })
    }
    await page.locator('.page-head').getByText('Recorded', { exact: true }).waitFor()
    expect(await violations(page)).toEqual([])
    await page.getByRole('link', { name: JOB, exact: true }).click()
    await page.waitForURL(new RegExp(`/p/${project}/apps/${JOB}`))
    const busy = page.locator('.card').filter({ has: page.getByRole('heading', { name: 'Accelerators busy', exact: true }) })
    await busy.getByText('Recorded', { exact: true }).waitFor()
    expect(person.complaints).toEqual([])
  })

  it('fill the third ring of the home page, marked', async () => {
    const { page } = person
    await open(page, '/')
    const ring = page.locator('a.ring-card[href^="/gpus"]')
    await ring.getByText('1 / 4').waitFor()
    await ring.getByText('Recorded', { exact: true }).waitFor()
    expect(await violations(page)).toEqual([])
  })
})
