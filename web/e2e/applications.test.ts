import { afterAll, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { violations } from './axe'
import { describePerson, project } from './person'
import { ask, dropApplication } from './work'

const name = `web-${Date.now().toString(36)}`
const COMMAND = `sh -c 'exec python3 -m http.server --bind "$HOST" "$PORT"'`
/** What a page may take until a program has started. */
const PATIENCE = { timeout: 90_000 }
const address = `/p/${project}/applications/${name}`

const head = (page: Page) => page.locator('.page-head')
const row = (page: Page, words: string) => page.getByRole('row').filter({ hasText: words })
const dialog = (page: Page) => page.getByRole('dialog')

describePerson('an application', {}, (person) => {
  afterAll(() => dropApplication(person, name).catch(() => undefined))

  it('is deployed from the form, and shows that it answers', async () => {
    const { page } = person
    await page.goto(`/p/${project}/applications/new`)
    await page.getByLabel('Name', { exact: true }).fill(name)
    await page.getByLabel('Command', { exact: true }).fill(COMMAND)
    await page.getByText('Environment variables', { exact: true }).click()
    await page.getByRole('button', { name: 'Add a variable' }).click()
    await page.getByLabel('Name of the variable').fill('GREETING')
    await page.getByLabel('Value', { exact: true }).fill('hello')
    await page.getByText('Volumes', { exact: true }).click()
    await page.getByRole('button', { name: 'Add a volume' }).click()
    await page.getByLabel('Name of the volume').fill('data')
    await page.getByLabel('Folder', { exact: true }).fill('/data')
    await page.getByLabel('Size', { exact: true }).fill('1Gi')
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: 'Deploy' }).click()
    await page.getByRole('heading', { name, exact: true }).waitFor()
    await head(page).getByText('Ready', { exact: true }).waitFor(PATIENCE)
    await head(page).getByText('Release 1', { exact: true }).waitFor()
    await page.getByLabel('Address').getByText(`/app/${project}/${name}/`).waitFor()
    await row(page, 'GREETING').getByText('hello').waitFor()
    await row(page, '/data').getByText('1Gi').waitFor()
    await row(page, 'Running').first().waitFor()
    expect(await violations(page)).toEqual([])
    expect(person.complaints).toEqual([])
  })

  it('has a shell in its container', async () => {
    const { page } = person
    await page.goto(`${address}/terminal`)
    const screen = page.locator('.shell .xterm-rows')
    const type = async (line: string) => { await page.keyboard.type(line); await page.keyboard.press('Enter') }
    await page.locator('.shell textarea').focus()
    // What is typed before the shell is there is lost, so its prompt comes first.
    await screen.getByText(/[$#]/).first().waitFor()
    await type('echo "$GREETING-$((6 * 7))" > /data/left; cat /data/left')
    await screen.getByText('hello-42').first().waitFor()
    expect(await violations(page)).toEqual([])
    await type('exit 3')
    await page.getByText('The shell ended with code 3').waitFor()
    await page.getByRole('button', { name: 'New shell' }).click()
    await screen.getByText(/[$#]/).first().waitFor()
    expect(person.complaints).toEqual([])
  })

  it('opens in the browser without a second sign-in, and is never shown the session', async () => {
    const { page } = person
    await page.goto(address)
    const link = page.getByRole('link', { name: 'Open in the browser' })
    const [opened] = await Promise.all([page.context().waitForEvent('page'), link.click()])
    await opened.getByRole('heading', { name: /Directory listing/ }).waitFor()
    expect(new URL(opened.url()).pathname).toBe(`/app/${project}/${name}/`)
    expect(opened.url()).not.toContain('dais-visit')
    expect(await opened.evaluate(() => document.cookie)).toBe('')
    const cookies = await page.context().cookies()
    expect(cookies.filter((cookie) => cookie.name === 'dais_visit').map((cookie) => [cookie.path, cookie.httpOnly])).toEqual([[`/app/${project}/${name}`, true]])
    await opened.close()
    expect(person.complaints).toEqual([])
  })

  it('is listed, and found by its name', async () => {
    const { page } = person
    await page.goto(`/p/${project}/applications?q=${name}`)
    await row(page, name).getByText('Ready', { exact: true }).waitFor()
    expect(await violations(page)).toEqual([])
    await row(page, name).getByRole('link', { name }).click()
    await page.getByRole('heading', { name, exact: true }).waitFor()
  })

  it('is changed without losing what the form does not show, as release 2', async () => {
    const { page } = person
    await page.getByRole('button', { name: 'Change' }).click()
    expect(await dialog(page).getByLabel('Command', { exact: true }).inputValue()).toBe(COMMAND)
    await dialog(page).getByText('Environment variables', { exact: true }).click()
    await dialog(page).getByLabel('Value', { exact: true }).fill('good day')
    await dialog(page).getByLabel('Why').fill('warmer')
    await dialog(page).getByRole('button', { name: 'Save' }).click()
    await dialog(page).waitFor({ state: 'hidden' })
    await head(page).getByText('Release 2', { exact: true }).waitFor(PATIENCE)
    await page.getByRole('tab', { name: 'Releases' }).click()
    await row(page, 'warmer').getByText('env[GREETING].value: "hello" → "good day"').waitFor()
    await row(page, 'warmer').getByText('running', { exact: true }).waitFor()
    expect(await violations(page)).toEqual([])
  })

  it('has both releases on the time axis, with its requests, logs, traces and events', async () => {
    const { page } = person
    const token = await ask<{ token: string }>(person, '/api/tokens', 'POST', { name })
    const { gateway } = await ask<{ gateway: string }>(person, '/api/info')
    const asks = () => fetch(`${gateway}/app/${project}/${name}/`, { headers: { authorization: `Bearer ${token.token}` } })
    expect((await asks()).status).toBe(200)
    await page.getByRole('tab', { name: 'Metrics' }).click()
    const card = (title: string) => page.locator('.card').filter({ has: page.getByRole('heading', { name: title, exact: true }) })
    for (const title of ['CPU', 'Logs']) {
      for (const mark of ['Release 1', 'Release 2']) await card(title).locator('.plot svg text').filter({ hasText: mark }).waitFor({ state: 'attached', ...PATIENCE })
    }
    await card('Failed and slowest requests').getByRole('link', { name: /GET/ }).first().waitFor(PATIENCE)
    await card('Events').getByText('A release was made').first().waitFor()
    expect(await violations(page)).toEqual([])
    await page.goto('/?since=15m')
    await expect.poll(async () => {
      await asks()
      return Number(await row(page, name).getByRole('cell').nth(1).textContent().catch(() => 0))
    }, { timeout: 60_000, interval: 1000 }).toBeGreaterThan(0)
    await page.goto(`/p/${project}/apps/${name}`)
    await card('Requests / s').locator('.plot svg text').filter({ hasText: 'Release 2' }).waitFor({ state: 'attached' })
    await card('Consists of').getByRole('link', { name, exact: true }).click()
    await page.waitForURL(new RegExp(`${address}$`))
    await page.getByRole('tab', { name: 'Releases' }).click()
    expect(person.complaints).toEqual([])
  })

  it('goes back, which is release 3', async () => {
    const { page } = person
    await row(page, 'the first').getByRole('button', { name: 'Go back' }).click()
    await dialog(page).getByText('env[GREETING].value').waitFor()
    await dialog(page).getByText('"hello"').waitFor()
    await dialog(page).getByRole('button', { name: 'Go back' }).click()
    await head(page).getByText('Release 3', { exact: true }).waitFor(PATIENCE)
    await row(page, 'back to release 1').getByText('env[GREETING].value: "good day" → "hello"').waitFor()
    expect(person.complaints).toEqual([])
  })

  it('has as many replicas as are asked for, and new ones after a restart', async () => {
    const { page } = person
    await page.goto(address)
    await head(page).getByRole('button', { name: 'Scale' }).click()
    await page.getByRole('spinbutton', { name: 'Replicas' }).fill('2')
    await page.getByRole('tooltip').getByRole('button', { name: 'Save' }).click()
    await head(page).getByText('2 / 2 replicas ready').waitFor(PATIENCE)
    const pods = page.locator('.card').filter({ has: page.getByRole('heading', { name: 'Replicas', exact: true }) }).locator('td:first-child .mono')
    await expect.poll(() => pods.count(), PATIENCE).toBe(2)
    const before = await pods.allTextContents()
    await head(page).getByRole('button', { name: 'Restart' }).click()
    await expect.poll(async () => (await pods.allTextContents()).filter((pod) => before.includes(pod)).length, PATIENCE).toBe(0)
    await head(page).getByText('2 / 2 replicas ready').waitFor(PATIENCE)
    // No release: nothing of it changed.
    await head(page).getByText('Release 3', { exact: true }).waitFor()
    expect(await violations(page)).toEqual([])
    expect(person.complaints).toEqual([])
  })

  it('is scaled by itself between two bounds, which takes the button away', async () => {
    const { page } = person
    await head(page).getByRole('button', { name: 'Change' }).click()
    await dialog(page).getByText('As many as requests need').click()
    await dialog(page).getByLabel('At least', { exact: true }).fill('1')
    await dialog(page).getByLabel('At most', { exact: true }).fill('3')
    expect(await violations(page)).toEqual([])
    await dialog(page).getByRole('button', { name: 'Save' }).click()
    await dialog(page).waitFor({ state: 'hidden' })
    await page.getByText('between 1 and 3').waitFor(PATIENCE)
    await expect.poll(() => head(page).getByRole('button', { name: 'Scale' }).count()).toBe(0)
    expect(person.complaints).toEqual([])
  })

  it('is stopped, started, and deleted with words on what goes with it', async () => {
    const { page } = person
    await page.goto(address)
    await head(page).getByRole('button', { name: 'Stop' }).click()
    await dialog(page).getByRole('button', { name: 'Stop' }).click()
    await head(page).getByRole('button', { name: 'Start', exact: true }).click()
    await head(page).getByText('Ready', { exact: true }).waitFor(PATIENCE)
    await head(page).getByRole('button', { name: 'Delete' }).click()
    await dialog(page).getByText('data (1Gi)').waitFor()
    await dialog(page).getByRole('button', { name: 'Delete' }).click()
    await page.waitForURL(new RegExp(`/p/${project}/applications$`))
    await expect.poll(() => row(page, name).count()).toBe(0)
    expect(person.complaints).toEqual([])
  })

  it('says at its field what cannot be', async () => {
    const { page } = person
    await page.goto(`/p/${project}/applications/new`)
    await page.getByLabel('Name', { exact: true }).fill(name)
    await page.getByRole('button', { name: 'Deploy' }).click()
    await page.getByText('Say a command, an image or both').waitFor()
    await page.getByLabel('Command', { exact: true }).fill('true')
    await page.locator('summary').filter({ hasText: 'Ports' }).click()
    await page.getByRole('button', { name: 'Add a port' }).click()
    await page.getByLabel('Name of the port').last().fill('http')
    await page.getByLabel('Port', { exact: true }).last().fill('9000')
    await page.locator('summary').filter({ hasText: 'Ports' }).click()
    await page.getByRole('button', { name: 'Deploy' }).click()
    await page.locator('.entry').first().getByText('give each port a name of its own').waitFor()
  })
})
