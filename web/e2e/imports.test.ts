import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { open, violations } from './axe'
import { describePerson, project } from './person'
import { ask, drop } from './work'

const name = `brought-${Date.now().toString(36)}`
const datasets = `/k8s/apis/dais.io/v1alpha1/namespaces/${project}/datasets`

describePerson('data from elsewhere', {}, (person) => {
  let elsewhere: Server
  let address = ''
  let job = ''
  beforeAll(async () => {
    elsewhere = createServer((_request, answer) => answer.end('a,b\n1,2\n'))
    await new Promise<void>((listens) => elsewhere.listen(0, '127.0.0.1', listens))
    address = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/far.csv`
    await person.page.goto('/')
    await ask(person, datasets, 'POST', { apiVersion: 'dais.io/v1alpha1', kind: 'Dataset', metadata: { name, namespace: project }, spec: {} })
  })
  afterAll(async () => {
    elsewhere.close()
    if (job) await drop(person, job)
    await ask(person, `${datasets}/${name}`, 'DELETE')
  })

  it('is fetched from an address, once that is one', async () => {
    const { page } = person
    const dialog = page.getByRole('dialog')
    await open(page, `/p/${project}/datasets/${name}`)
    await page.getByRole('button', { name: 'Import' }).click()
    await dialog.getByLabel('Addresses, one a line').fill('far.csv')
    await dialog.getByRole('button', { name: 'Start the import' }).click()
    await dialog.getByText('Write it like https://').waitFor()
    await dialog.getByLabel('Addresses, one a line').fill(address.replace('//', '//reader:secret@'))
    await dialog.getByText('Everybody could read this password in the job').waitFor()
    for (const [from, field] of [['SQL', 'Query'], ['S3', 'Address of the S3 server']] as const) {
      await dialog.getByText(from, { exact: true }).click()
      await dialog.getByLabel(field).waitFor()
      expect(await violations(page)).toEqual([])
    }
    await dialog.getByText('Address', { exact: true }).click()
    await dialog.getByLabel('Addresses, one a line').fill(address)
    await dialog.getByRole('button', { name: 'Start the import' }).click()
    await page.waitForURL(/\/jobs\/import-/)
    job = new URL(page.url()).pathname.split('/').at(-1) ?? ''
    await page.locator('.page-head').getByText('Succeeded').waitFor({ timeout: 60_000 })
    await page.goto(`/p/${project}/datasets/${name}/files`)
    await page.getByRole('link', { name: 'far.csv' }).first().waitFor()
    expect(person.complaints).toEqual([])
  })
})
