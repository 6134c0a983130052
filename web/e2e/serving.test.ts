import { expect, it } from 'vitest'
import { describePerson, project, service } from './person'

describePerson('a model', {}, (person) => {
  it('shows where it came from and where it is served', async () => {
    const { page } = person
    await page.goto(`/p/${project}/services/${service}`)
    const lineage = page.getByRole('navigation', { name: 'Lineage' })
    await lineage.getByRole('link', { name: /^models:\// }).click({ timeout: 60_000 })
    await page.waitForURL(new RegExp(`/p/${project}/models/`))
    await page.getByRole('navigation', { name: 'Lineage' }).getByRole('link', { name: service, exact: true }).waitFor()
    await page.getByRole('button', { name: /^Version \d+$/ }).first().waitFor()
    expect(person.complaints).toEqual([])
  })

  it('is in the list of models', async () => {
    const { page } = person
    await page.goto(`/p/${project}/models`)
    await page.locator('tbody a[href*="/models/"]').first().waitFor()
  })
})

describePerson('a service', {}, (person) => {
  it('answers from the try-it form', async () => {
    const { page } = person
    await page.goto(`/p/${project}/services/${service}/try`)
    await page.locator('.page-head').getByText('Ready', { exact: true }).waitFor({ timeout: 60_000 })
    const body = page.getByRole('textbox', { name: 'Body of the request' })
    await body.filter({ hasText: 'inputs' }).waitFor()
    await page.getByRole('button', { name: 'Predict' }).click()
    await page.locator('.code').getByText('"outputs"').waitFor()
  })

  it('says what is wrong with a bad request', async () => {
    const { page } = person
    await page.getByRole('textbox', { name: 'Body of the request' }).fill('{"inputs": []}')
    await page.getByRole('button', { name: 'Predict' }).click()
    expect((await page.getByRole('alert').textContent())?.length).toBeGreaterThan(20)
  })

  it('has its endpoint and its replicas', async () => {
    const { page } = person
    await page.getByRole('tab', { name: 'Overview' }).click()
    await page.getByLabel('Endpoint').getByText(`/serve/${project}/${service}`).waitFor()
    await page.getByRole('heading', { name: 'Requests / s' }).waitFor()
    expect(person.complaints).toEqual([])
  })
})
