import { expect, it } from 'vitest'
import { open, violations } from './axe'
import { describePerson, project, type Person } from './person'
import { drop, start } from './work'

const stamp = Date.now().toString(36)
const queue = `line-${stamp}`
const other = `lender-${stamp}`
const first = `holds-${stamp}`
const second = `waits-${stamp}`

async function make({ page }: Person, name: string, quota: string): Promise<void> {
  await open(page, '/queues')
  await page.getByRole('button', { name: 'New queue' }).first().click()
  const form = page.getByRole('dialog')
  await form.getByLabel('Name', { exact: true }).fill(name)
  await form.getByLabel('Quota').fill(quota)
  await form.getByLabel('Cohort').fill(`cohort-${stamp}`)
  await form.getByRole('button', { name: 'Create' }).click()
  await page.getByRole('link', { name, exact: true }).waitFor()
}

describePerson('a queue', {}, (person) => {
  it('is made from the form, and a mistake is named at its field', async () => {
    const { page } = person
    await open(page, '/queues')
    await page.getByRole('button', { name: 'New queue' }).first().click()
    const form = page.getByRole('dialog')
    await form.getByLabel('Name', { exact: true }).fill('Not A Name')
    await form.getByRole('button', { name: 'Create' }).click()
    await form.getByText('Lower-case letters').first().waitFor()
    await form.getByRole('button', { name: 'Cancel' }).click()
    await make(person, queue, '1')
    await make(person, other, '0')
    expect(await violations(page)).toEqual([])
    expect(person.complaints).toEqual([])
  })

  it('lets a job in, and the next one waits with its place and what is free', async () => {
    const { page } = person
    await start(person, first, 'sleep 1000', { queue, cpu: '1' })
    await page.locator('.page-head').getByText('Running', { exact: true }).waitFor()
    await start(person, second, 'sleep 1000', { queue, cpu: '500m' })
    await page.getByText(/^Place 1 of 1 in queue/).first().waitFor()
    await page.getByText('wants 0.5, 0 free').first().waitFor()
    await page.getByText('Nobody is ahead.').waitFor()
    expect(await violations(page)).toEqual([])
  })

  it('shows who is in, who waits and why, and the queues beside it', async () => {
    const { page } = person
    await page.getByRole('link', { name: queue, exact: true }).first().click()
    await page.waitForURL(new RegExp(`/queues/${queue}$`))
    const card = (title: string) => page.locator('.card').filter({ has: page.getByRole('heading', { name: title, exact: true }) })
    await card('Jobs that were let in').getByRole('link', { name: first, exact: true }).waitFor()
    const row = card('The line').getByRole('row').filter({ hasText: second })
    await row.getByText('Waits in its queue').waitFor()
    await page.getByRole('img', { name: /^CPU: 1 of 1 used/ }).first().waitFor()
    await page.getByRole('link', { name: other, exact: true }).waitFor()
    expect(await violations(page)).toEqual([])
    expect(person.complaints).toEqual([])
  })

  it('is in the list of jobs', async () => {
    const { page } = person
    await open(page, `/p/${project}/jobs?q=${second}`)
    await page.getByRole('row').filter({ hasText: second }).getByRole('link', { name: queue, exact: true }).waitFor()
  })

  it('is held and opened again', async () => {
    const { page } = person
    await open(page, `/queues/${queue}`)
    const choose = async (label: RegExp) => {
      await page.getByRole('button', { name: 'Edit' }).click()
      await page.getByRole('dialog').getByLabel('Letting in').click()
      await page.locator('.ant-select-item-option').filter({ hasText: label }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
      await page.getByRole('dialog').waitFor({ state: 'detached' })
    }
    await choose(/^Held/)
    await page.locator('.page-head').getByText('Held').waitFor()
    await page.getByText('no job is let in; those that run go on', { exact: true }).waitFor()
    await choose(/^Open/)
    await page.locator('.page-head').getByText('Open', { exact: true }).waitFor()
  })

  it('moves on when a job is stopped for good', async () => {
    const { page } = person
    await page.goto(`/p/${project}/jobs/${first}`)
    await page.getByRole('button', { name: 'Stop', exact: true }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Stop', exact: true }).click()
    await page.locator('.page-head').getByText('Stopped', { exact: true }).waitFor()
    await page.goto(`/p/${project}/jobs/${second}`)
    await page.locator('.page-head').getByText('Running', { exact: true }).waitFor()
    await drop(person, second)
    await drop(person, first)
  })

  it('goes away when deleted', async () => {
    const { page } = person
    for (const name of [queue, other]) {
      await open(page, `/queues/${name}`)
      await page.getByRole('button', { name: 'Delete' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
      await page.waitForURL(/\/queues$/)
    }
    await page.goto(`/queues/${queue}`)
    await page.getByText(`${queue} does not exist`).waitFor()
    expect(person.complaints).toEqual([])
  })
})
