import { expect, it } from 'vitest'
import { violations } from './axe'
import { describePerson, project } from './person'
import { drop, start } from './work'

const name = `e2e-${Date.now().toString(36)}`

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

  it('runs again with the data that it really read, or with the newest', async () => {
    const { page } = person
    const reads = `${name}-reads`
    await start(person, reads, 'ls /data/digits', { dataset: 'digits' })
    await page.locator('.page-head').getByText('Succeeded').waitFor()
    await page.getByRole('button', { name: 'Other ways to repeat it' }).click()
    await page.getByRole('menuitem', { name: 'With the newest data and environment' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Run again' }).click()
    await page.getByRole('heading', { name: `${reads}-2` }).waitFor()
    await page.getByRole('tab', { name: 'YAML' }).click()
    await page.locator('.code').getByText(/datasets:\s+- name: digits\s+version: v1/).first().waitFor()
    await drop(person, `${reads}-2`)
    await drop(person, reads)
  })

  it('says in words why it failed', async () => {
    const bad = `${name}-bad`
    await start(person, bad, 'no-such-program-here --at all')
    await person.page.getByRole('alert').getByText('no-such-program-here').first().waitFor()
    await drop(person, bad)
  })

  it('is stopped for good when that is confirmed', async () => {
    const { page } = person
    const long = `${name}-long`
    await start(person, long, 'sleep 1000', { checkpoints: true })
    await page.locator('.page-head').getByText('Running', { exact: true }).waitFor()
    await page.getByText('/checkpoints', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Stop', exact: true }).click()
    await page.getByRole('dialog').getByText('It ends and cannot go on again.').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Stop', exact: true }).click()
    await page.locator('.page-head').getByText('Stopped', { exact: true }).waitFor()
    await page.getByText('Stopped by a person').first().waitFor()
    await expect.poll(() => page.getByRole('button', { name: 'Stop', exact: true }).count()).toBe(0)
    await expect.poll(() => page.getByRole('button', { name: 'Suspend' }).count()).toBe(0)
    await drop(person, long)
  })

  it('of several replicas shows each of them by its rank', async () => {
    const { page } = person
    const many = `${name}-many`
    await start(person, many, `sh -c 'echo rank $RANK of $WORLD_SIZE; sleep 1000'`, { replicas: '2' })
    await page.getByText('2 of 2 run').first().waitFor()
    const table = page.locator('.card').filter({ has: page.getByRole('heading', { name: 'Replicas', exact: true }) })
    expect(await table.locator('tbody tr.ant-table-row').count()).toBe(2)
    expect(await violations(page)).toEqual([])
    await page.getByRole('tab', { name: 'Logs' }).click()
    for (const rank of [0, 1]) await page.getByRole('log').getByText(`rank ${rank} of 2`).waitFor()
    await drop(person, many)
  })

  it('goes away when deleted', async () => {
    await drop(person, `${name}-2`)
    await drop(person, name)
    const { page } = person
    await page.goto(`/p/${project}/jobs/${name}`)
    await page.getByText(`${name} does not exist`).waitFor()
  })
})
