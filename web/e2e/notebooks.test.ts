import { afterAll, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { violations } from './axe'
import { describePerson, project, type Person } from './person'

const name = `web-${Date.now().toString(36)}`
const address = `/p/${project}/notebooks/${name}`
/** What installing JupyterLab, and starting it, may take. */
const PATIENCE = { timeout: 240_000 }

async function drop({ page }: Person): Promise<void> {
  await page.evaluate(async (to) => {
    const { csrf } = (await (await fetch('/api/session')).json()) as { csrf: string }
    await fetch(to, { method: 'DELETE', headers: { 'x-dais-csrf': csrf } })
  }, `/k8s/apis/dais.io/v1alpha1/namespaces/${project}/notebooks/${name}`)
}

const head = (page: Page) => page.locator('.page-head')

async function enter(page: Page, words: string): Promise<Page> {
  await page.goto(address)
  const link = head(page).getByRole('link', { name: words })
  const [lab] = await Promise.all([page.context().waitForEvent('page'), link.click()])
  await lab.locator('#jp-main-dock-panel').waitFor(PATIENCE)
  return lab
}

/** Runs one cell in a new notebook, and gives what is written below it. */
async function runCell(lab: Page, source: string): Promise<string> {
  await lab.locator('.jp-LauncherCard[data-category="Notebook"]').first().click()
  const cell = lab.locator('.jp-Notebook:visible .jp-Cell .cm-content').first()
  const output = lab.locator('.jp-Notebook:visible .jp-OutputArea-output').first()
  // A page that still arranges itself takes the focus away, and runs nothing until its
  // session has a kernel.
  await expect.poll(async () => {
    await cell.click()
    await lab.keyboard.press('Control+a')
    await lab.keyboard.type(source)
    await lab.keyboard.press('Control+Enter')
    return output.waitFor({ timeout: 5000 }).then(() => true, () => false)
  }, PATIENCE).toBe(true)
  return output.innerText()
}

describePerson('a notebook', {}, (person) => {
  afterAll(() => drop(person).catch(() => undefined))

  it('is made from the form, and shows how its environment is built', async () => {
    const { page } = person
    await page.goto(`/p/${project}/notebooks/new`)
    await page.getByLabel('Name', { exact: true }).fill(name)
    await page.getByLabel(/^Sleeps after/).fill('0')
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('heading', { name, exact: true }).waitFor()
    await head(page).getByText('Ready', { exact: true }).waitFor(PATIENCE)
    await page.getByText('Never', { exact: true }).waitFor()
    await page.getByRole('link', { name: `${name}-notebook`, exact: true }).first().waitFor()
    expect(await violations(page)).toEqual([])
    expect(person.complaints).toEqual([])
  }, PATIENCE.timeout + 60_000)

  it('opens JupyterLab without a second sign-in, computes, and knows who works there', async () => {
    const lab = await enter(person.page, 'Open JupyterLab')
    expect(new URL(lab.url()).pathname).toMatch(new RegExp(`^/notebook/${project}/${name}/lab`))
    expect(lab.url()).not.toMatch(/token|dais-visit/)
    expect(await runCell(lab, 'print(6 * 7)')).toContain('42')
    const me = await lab.evaluate(async (to) => (await (await fetch(to)).json()) as { identity: { name: string } }, `/notebook/${project}/${name}/api/me`)
    expect(me.identity.name).toBe('admin')
    await lab.keyboard.press('Control+s')
    await lab.close()
  })

  it('runs a file of it as a job', async () => {
    const { page } = person
    await page.goto(address)
    await head(page).getByRole('button', { name: 'Run as a job' }).click()
    const files = page.getByRole('dialog')
    await files.getByRole('button', { name: 'Run as a job: Untitled.ipynb' }).waitFor()
    expect(await violations(page)).toEqual([])
    await files.getByRole('button', { name: 'Run as a job: Untitled.ipynb' }).click()
    await page.getByRole('heading', { name: /^untitled-/ }).waitFor()
    await head(page).getByText('Succeeded', { exact: true }).waitFor(PATIENCE)
    expect(person.complaints).toEqual([])
  })

  it('is stopped and started, and keeps its files', async () => {
    const { page } = person
    await page.goto(address)
    await head(page).getByRole('button', { name: 'Stop' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Stop' }).click()
    await page.getByText('Nothing runs, and no visit wakes it').waitFor()
    expect(await violations(page)).toEqual([])
    await head(page).getByRole('button', { name: 'Start' }).click()
    const lab = await enter(page, 'Open JupyterLab')
    await lab.getByRole('listitem', { name: /Untitled\.ipynb/ }).first().waitFor(PATIENCE)
    await lab.close()
    await page.goto(`/p/${project}/notebooks`)
    await page.getByRole('row').filter({ hasText: name }).getByText('Ready', { exact: true }).waitFor(PATIENCE)
    expect(await violations(page)).toEqual([])
    expect(person.complaints).toEqual([])
  })
})
