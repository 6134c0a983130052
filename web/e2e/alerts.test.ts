import { expect, it } from 'vitest'
import { open, violations } from './axe'
import { describePerson, type Person } from './person'

/** The seed has a rule `AlwaysFires` and a receiver `webhook` that answers. */
describePerson('alerts', {}, (person: Person) => {
  it('show what fires, with its severity and its summary', async () => {
    const { page } = person
    await open(page, '/alerts')
    const alert = page.locator('.alert').filter({ hasText: 'always' })
    await alert.getByText('info', { exact: true }).waitFor()
    expect(await violations(page)).toEqual([])
    await alert.getByRole('link', { name: 'Metrics' }).click()
    await page.waitForURL(/explore\?expr=vector/)
    expect(person.complaints).toEqual([])
  })

  it('are acknowledged by a person, who takes it back', async () => {
    const { page } = person
    await open(page, '/alerts')
    const alert = page.locator('.alert').filter({ hasText: 'always' })
    await alert.getByRole('button', { name: 'Acknowledge' }).click()
    await page.getByRole('textbox', { name: 'Comment' }).fill('e2e looks')
    await page.getByRole('dialog').getByRole('button', { name: 'Acknowledge' }).click()
    await alert.getByText('is on it: e2e looks').waitFor()
    await alert.getByRole('button', { name: 'Take back' }).click()
    await alert.getByRole('button', { name: 'Acknowledge' }).waitFor()
  })

  it('are silenced for a while, and not any more', async () => {
    const { page } = person
    await open(page, '/alerts')
    const alert = page.locator('.alert').filter({ hasText: 'always' })
    await alert.getByRole('button', { name: 'Silence' }).click()
    await page.getByText('1 of the alerts that fire now would be quiet.').waitFor()
    await page.getByRole('textbox', { name: 'Comment' }).fill('e2e')
    await page.getByRole('dialog').getByRole('button', { name: 'Silence' }).click()
    await alert.getByText('Silenced').waitFor()
    await page.getByRole('tab', { name: 'Silences' }).click()
    await page.getByRole('button', { name: 'End now' }).first().click()
    await page.getByRole('dialog').getByRole('button', { name: 'End now' }).click()
    await page.getByRole('tab', { name: 'Alerts' }).click()
    await alert.getByText('Silenced').waitFor({ state: 'detached' })
  })

  it('come from rules that are evaluated', async () => {
    const { page } = person
    await open(page, '/alerts?view=rules')
    const rule = page.getByRole('row').filter({ hasText: 'AlwaysFires' })
    await rule.getByText('Firing').waitFor()
    await rule.getByText('Works').waitFor()
  })

  it('reach a receiver, which says so', async () => {
    const { page } = person
    await open(page, '/alerts?view=receivers')
    await page.locator('.card').filter({ has: page.getByRole('heading', { name: 'webhook' }) }).getByRole('button', { name: 'Send a test' }).click()
    await page.getByRole('dialog').getByText('Taken', { exact: true }).waitFor()
  })
})
