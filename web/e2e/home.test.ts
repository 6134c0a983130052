import { expect, it } from 'vitest'
import { describePerson, project } from './person'

describePerson('home', {}, (person) => {
  it('shows how full the machines are', async () => {
    const { page } = person
    await page.goto('/')
    await page.getByRole('heading', { name: 'Home' }).waitFor()
    for (const name of ['CPU', 'Memory']) await page.getByRole('img', { name: new RegExp(`^${name}: \\d+%$`) }).first().waitFor()
    await page.getByRole('row').filter({ has: page.locator('a[href^="/nodes/"]') }).first().waitFor()
    expect(person.complaints).toEqual([])
  })

  it('is dark when asked, and stays so', async () => {
    const { page } = person
    await page.getByRole('button', { name: /^Account of/ }).click()
    await page.getByRole('menuitem', { name: 'Dark' }).click()
    await page.reload()
    await page.getByRole('heading', { name: 'Home' }).waitFor()
    expect(await page.locator('html').getAttribute('data-theme')).toBe('dark')
  })

  it('finds pages and projects with the keyboard', async () => {
    const { page } = person
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox', { name: 'Search' }).fill('jobs page')
    await page.keyboard.press('Enter')
    await page.waitForURL(new RegExp('/p/[^/]+/jobs$'))
    await page.goto(`/p/${project}/jobs`)
    expect(person.complaints).toEqual([])
  })
})
