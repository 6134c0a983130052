import { expect, it } from 'vitest'
import { open, violations } from './axe'
import { describePerson, type Person } from './person'

describePerson('the audit record', {}, (person: Person) => {
  it('lists writes, narrows them by the address, and opens one with what changed', async () => {
    const { page } = person
    await open(page, '/audit?text=AlwaysFires')
    const row = page.getByRole('row').filter({ hasText: 'prometheusrules' }).first()
    await row.getByRole('button', { name: /show what changed/ }).click()
    const drawer = page.getByRole('dialog')
    await drawer.locator('ins').filter({ hasText: 'AlwaysFires' }).first().waitFor()
    expect(page.url()).toContain('record=')
    expect(await violations(page)).toEqual([])
    await page.keyboard.press('Escape')
    await drawer.waitFor({ state: 'detached' })
    await page.getByRole('textbox', { name: 'Name' }).fill('nothing-has-this-name')
    await page.getByText('Nothing has been written yet').waitFor()
    expect(person.complaints).toEqual([])
  })

  it('goes out as a file', async () => {
    const { page } = person
    await open(page, '/audit')
    await page.getByRole('button', { name: 'Export' }).click()
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: /JSON Lines/ }).click()])
    expect(file.suggestedFilename()).toBe('audit.jsonl')
  })
})
