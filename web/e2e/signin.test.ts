import { expect, it } from 'vitest'
import { describePerson, project } from './person'

describePerson('somebody who is not signed in', { signedIn: false }, (person) => {
  it('is asked who they are at any address', async () => {
    const { page } = person
    await page.goto(`/p/${project}/jobs`)
    await page.getByRole('heading', { name: 'Sign in to dais' }).waitFor()
    expect(await page.getByRole('navigation').count()).toBe(0)
  })

  it('is told that the password is wrong', async () => {
    const { page } = person
    await page.goto('/')
    await page.getByLabel('User').fill('nobody')
    await page.getByLabel('Password', { exact: true }).fill('wrong')
    await page.getByRole('button', { name: 'Sign in' }).click()
    expect(await page.getByRole('alert').textContent()).not.toBe('')
  })

  it('can read the page in Chinese', async () => {
    const { page } = person
    await page.getByRole('button', { name: '中文' }).click()
    await page.getByRole('heading', { name: '登录 dais' }).waitFor()
    expect(await page.locator('html').getAttribute('lang')).toBe('zh-CN')
  })
})
