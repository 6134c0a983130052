import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { violations } from './axe'
import { describePerson, project } from './person'

const job = `e2e-log-${Date.now().toString(36)}`
const LINES = 1200

describePerson('the log explorer', {}, (person) => {
  it('finds the lines of a program', async () => {
    const { page } = person
    await page.goto(`/p/${project}/jobs/new`)
    await page.getByLabel('Name', { exact: true }).fill(job)
    await page.getByLabel('Command', { exact: true }).and(page.locator('textarea')).fill(`sh -c 'for i in $(seq ${LINES}); do echo "turn $i of the wheel"; done; echo "ERROR wheel came off"'`)
    await page.getByRole('button', { name: 'Start job' }).click()
    await page.locator('.page-head').getByText('Succeeded').waitFor({ timeout: 60_000 })
    await page.goto(`/p/${project}/logs?app=${job}`)
    await page.getByRole('log').getByText('wheel came off').waitFor()
    await page.getByText(/of 1,201 lines, newest first/).waitFor()
  })

  it('loads older lines while one scrolls, and keeps few of them in the page', async () => {
    const { page } = person
    const log = page.getByRole('log')
    await expect.poll(async () => {
      await log.evaluate((element) => element.scrollTo(0, element.scrollHeight))
      return log.getByText('No older lines in this time range').count()
    }, { timeout: 30_000 }).toBe(1)
    await log.getByText('turn 1 of the wheel').waitFor()
    expect(await page.locator('.log-line').count()).toBeLessThan(300)
  })

  it('opens a line to its fields and to the lines around it', async () => {
    const { page } = person
    await page.goto(`/p/${project}/logs?app=${job}&q=%22turn+600%22`)
    await page.getByRole('button', { name: /^All fields of the line of/ }).first().click()
    await page.getByRole('rowheader', { name: 'container' }).waitFor()
    await page.getByRole('button', { name: 'app', exact: true }).click()
    await page.getByText('100%').waitFor()
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: 'Lines around it' }).click()
    const drawer = page.getByRole('dialog')
    await drawer.getByText('20 before, 20 after, of the same container').waitFor()
    await drawer.getByText('turn 599 of').waitFor()
    await drawer.getByText('turn 601 of').waitFor()
    expect(await violations(page)).toEqual([])
    await drawer.getByRole('button', { name: 'Close' }).click()
  })

  it('filters values out and in from the side, and says so in the address', async () => {
    const { page } = person
    await page.goto(`/p/${project}/logs?since=1h`)
    await page.getByRole('button', { name: 'app', exact: true }).click()
    await page.getByRole('button', { name: `Only lines with app ${job}` }).click()
    await page.waitForURL(new RegExp(`app=${job}`))
    await page.getByRole('button', { name: 'stream', exact: true }).click()
    await page.getByRole('button', { name: 'Without lines with stream stdout' }).click()
    await page.waitForURL(/not=stream%3Astdout/)
    await page.getByText('No log lines').waitFor()
    await page.getByRole('button', { name: 'Take away: not stream: stdout' }).click()
    await page.getByRole('log').getByText('wheel came off').waitFor()
  })

  it('says in words what is wrong with a query', async () => {
    const { page } = person
    await page.goto(`/p/${project}/logs?q=${encodeURIComponent('message:(open')}`)
    const alert = page.getByRole('alert')
    await alert.getByText('The query was not understood').waitFor()
    expect((await alert.textContent())?.length).toBeGreaterThan(40)
  })

  it('narrows the time with the keyboard and comes back', async () => {
    const { page } = person
    await page.goto(`/p/${project}/logs?app=${job}`)
    await page.getByRole('log').getByText('wheel came off').waitFor()
    await page.getByRole('button', { name: /^1,?\d* lines at|^\d+ lines? at/ }).last().focus()
    await page.keyboard.press('Shift+ArrowLeft')
    await page.keyboard.press('Enter')
    await page.waitForURL(/between=\d+-\d+/)
    await page.getByRole('button', { name: 'Back to the whole range' }).click()
    await expect.poll(() => new URL(page.url()).searchParams.get('between')).toBeNull()
  })

  it('hands every line over as NDJSON', async () => {
    const { page } = person
    await page.goto(`/p/${project}/logs?app=${job}`)
    await page.getByText(/of 1,201 lines/).waitFor()
    await page.getByRole('button', { name: 'Download' }).click()
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: /NDJSON/ }).click()])
    const lines = readFileSync(await file.path(), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { message: string; app: string })
    expect(lines).toHaveLength(LINES + 1)
    expect(new Set(lines.map((line) => line.message)).size).toBe(LINES + 1)
    expect(lines.every((line) => line.app === job)).toBe(true)
  })

  it('keeps a search under a name', async () => {
    const { page } = person
    await page.goto(`/p/${project}/logs?app=${job}&level=error`)
    await page.getByRole('button', { name: 'Saved' }).click()
    await page.getByRole('textbox', { name: 'Name of this search' }).fill('wheels')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByRole('button', { name: 'wheels', exact: true }).waitFor()
    await page.goto(`/p/${project}/logs`)
    await page.getByRole('button', { name: 'Saved' }).click()
    await page.getByRole('button', { name: 'wheels', exact: true }).click()
    await page.waitForURL(new RegExp(`app=${job}&level=error|level=error&app=${job}`))
  })

  it('follows live with the same filters', async () => {
    const { page } = person
    await page.goto(`/p/${project}/logs?app=${job}&q=wheel&not=pod:none`)
    await page.getByRole('log').getByText('wheel came off').waitFor()
    await page.getByRole('switch', { name: 'Live' }).click()
    await page.getByText('live', { exact: true }).waitFor()
    await page.getByRole('log').getByText('wheel came off').waitFor()
    expect(person.complaints).toEqual([])
    await page.goto(`/p/${project}/jobs/${job}`)
    await page.getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await page.waitForURL(new RegExp(`/p/${project}/jobs$`))
  })
})
