import { expect, it } from 'vitest'
import { describePerson, project, type Person } from './person'

const name = `e2e-${Date.now().toString(36)}`

async function start({ page }: Person, job: string, command: string): Promise<void> {
  await page.goto(`/p/${project}/jobs/new`)
  await page.getByLabel('Name', { exact: true }).fill(job)
  await page.getByLabel('Command', { exact: true }).and(page.locator('textarea')).fill(command)
  await page.getByRole('button', { name: 'Start job' }).click()
  await page.getByRole('heading', { name: job, exact: true }).waitFor()
}

async function drop({ page }: Person, job: string): Promise<void> {
  await page.goto(`/p/${project}/jobs/${job}`)
  await page.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await page.waitForURL(new RegExp(`/p/${project}/jobs$`))
}

describePerson('a job', {}, (person) => {
  it('starts from the form and streams its lines to its page', async () => {
    await start(person, name, `sh -c 'for i in 1 2 3; do echo "e2e line $i"; sleep 1; done'`)
    const { page } = person
    await page.getByRole('tab', { name: 'Logs' }).click()
    await page.getByRole('log').getByText('e2e line 3').waitFor()
    await page.locator('.page-head').getByText('Succeeded').waitFor()
    await page.locator('.page-head').getByText('exit code 0').waitFor()
    expect(person.complaints).toEqual([])
  })

  it('has its events and its object', async () => {
    const { page } = person
    await page.getByRole('tab', { name: 'YAML' }).click()
    await page.getByText('kind: TrainingJob').or(page.locator('.y-key', { hasText: /^kind$/ })).first().waitFor()
    await page.waitForURL(new RegExp(`/p/${project}/jobs/${name}/yaml$`))
  })

  it('leads to the logs of its application', async () => {
    const { page } = person
    await page.getByRole('button', { name: 'Logs', exact: true }).click()
    await page.waitForURL(new RegExp(`/p/${project}/logs\\?app=${name}`))
    await page.getByRole('log').getByText('e2e line 1').waitFor()
  })

  it('is in the list, and the filter is in the address', async () => {
    const { page } = person
    await page.goto(`/p/${project}/jobs`)
    await page.getByRole('textbox', { name: 'Filter' }).fill(name)
    await page.getByRole('link', { name, exact: true }).waitFor()
    expect(new URL(page.url()).searchParams.get('q')).toBe(name)
    await page.reload()
    await page.getByRole('link', { name, exact: true }).waitFor()
    expect(await page.locator('tbody tr.ant-table-row').count()).toBe(1)
  })

  it('runs again under the next name', async () => {
    const { page } = person
    await page.goto(`/p/${project}/jobs/${name}`)
    await page.getByRole('button', { name: 'Run again' }).click()
    await page.getByRole('heading', { name: `${name}-2` }).waitFor()
    await page.locator('.page-head').getByText('Succeeded').waitFor()
  })

  it('says in words why it failed', async () => {
    const bad = `${name}-bad`
    await start(person, bad, 'no-such-program-here --at all')
    await person.page.getByRole('alert').getByText('no-such-program-here').first().waitFor()
    await drop(person, bad)
  })

  it('goes away when deleted', async () => {
    await drop(person, `${name}-2`)
    await drop(person, name)
    const { page } = person
    await page.goto(`/p/${project}/jobs/${name}`)
    await page.getByText(`${name} does not exist`).waitFor()
  })
})
