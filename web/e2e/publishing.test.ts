import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { violations } from './axe'
import { describePerson, project, service, type Person } from './person'

const mark = Date.now().toString(36)
const program = `program-${mark}`
const rolling = `rolling-${mark}`
const COMMAND = `sh -c 'exec python3 -m http.server --bind "$HOST" "$PORT"'`
/** What a page may take until servers have started. */
const PATIENCE = { timeout: 90_000 }
const mlflow = `/mlflow/p/${project}/api/2.0/mlflow`

/** Asks the platform as the signed-in person. */
async function ask<T>({ page }: Person, path: string, method = 'GET', body?: unknown): Promise<T> {
  const text = await page.evaluate(async ([to, how, what]) => {
    const { csrf } = (await (await fetch('/api/session')).json()) as { csrf: string }
    const answer = await fetch(to, { method: how, ...(what && { body: what }), headers: { 'content-type': 'application/json', 'x-dais-csrf': csrf } })
    if (!answer.ok) throw new Error(`${how} ${to}: ${answer.status} ${await answer.text()}`)
    return answer.text()
  }, [path, method, body === undefined ? '' : JSON.stringify(body)] as const)
  return (text ? JSON.parse(text) : undefined) as T
}

async function drop(person: Person, name: string): Promise<void> {
  await ask(person, `/k8s/apis/dais.io/v1alpha1/namespaces/${project}/inferenceservices/${name}`, 'DELETE').catch(() => undefined)
}

const head = (page: Page) => page.locator('.page-head')

describePerson('a program', {}, (person) => {
  let token = { token: '', id: '' }
  beforeAll(async () => {
    await person.page.goto('/')
    token = await ask(person, '/api/tokens', 'POST', { name: `e2e ${mark}` })
  })
  afterAll(async () => {
    await drop(person, program)
    if (token.id) await ask(person, `/api/tokens/${token.id}`, 'DELETE').catch(() => undefined)
  })

  it('is published from the form, and shows that it starts', async () => {
    const { page } = person
    await page.goto(`/p/${project}/services/new`)
    await page.getByText('A program', { exact: true }).click()
    await page.getByLabel('Command', { exact: true }).fill(COMMAND)
    await page.getByLabel('Ready path').fill('/')
    await page.getByLabel('Name', { exact: true }).fill(program)
    await page.getByText('As many as requests need').click()
    await page.getByLabel('At most').fill('2')
    await page.getByLabel('Seconds until fewer').fill('5')
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: 'Deploy' }).click()
    await page.getByRole('heading', { name: program, exact: true }).waitFor()
    await page.getByLabel('Endpoint').getByText(`/serve/${project}/${program}/`).waitFor()
    expect(await page.getByRole('tab', { name: 'Try it' }).count()).toBe(0)
    expect(person.complaints).toEqual([])
  })

  it('sleeps when nobody asks', async () => {
    const { page } = person
    await head(page).getByText('Asleep', { exact: true }).waitFor(PATIENCE)
    await head(page).getByText('no replica now, up to 2').waitFor()
    await page.goto(`/p/${project}/services?q=${program}`)
    await page.getByRole('row').filter({ hasText: program }).getByText('0 of 0–2').waitFor()
  })

  it('is woken by a request, which waits for it', async () => {
    const { page } = person
    const address = `/p/${project}/services/${program}`
    await page.goto(address)
    const endpoint = await page.getByLabel('Endpoint').first().textContent()
    const answer = await page.request.get(endpoint ?? '', { headers: { authorization: `Bearer ${token.token}` }, timeout: 90_000 })
    expect(answer.status()).toBe(200)
    expect(await answer.text()).toContain('Directory listing')
    await head(page).getByText('Ready', { exact: true }).waitFor()
    await page.getByRole('row').filter({ hasText: 'Running' }).first().waitFor()
  })

  it('is changed without losing what the form does not show', async () => {
    const { page } = person
    await page.getByRole('button', { name: 'Change' }).click()
    const form = page.getByRole('dialog')
    expect(await form.getByLabel('Command', { exact: true }).inputValue()).toBe(COMMAND)
    await form.getByLabel('At most').fill('3')
    await form.getByText('What is written down').click()
    await form.getByText('Requests and answers', { exact: true }).last().click()
    await form.getByRole('button', { name: 'Save' }).click()
    await form.waitFor({ state: 'hidden' })
    const { spec } = await ask<{ spec: { autoscaling: { maxReplicas: number; idleSeconds: number }; record: { percent: number; failures: boolean } } }>(person, `/k8s/apis/dais.io/v1alpha1/namespaces/${project}/inferenceservices/${program}`)
    expect(spec).toMatchObject({ autoscaling: { maxReplicas: 3, idleSeconds: 5 }, record: { percent: 10, failures: true } })
    await page.getByRole('link', { name: '10% of requests and all failures' }).waitFor()
    expect(person.complaints).toEqual([])
  })

  it('says at its field what cannot be', async () => {
    const { page } = person
    await page.goto(`/p/${project}/services/new`)
    await page.getByText('As many as requests need').click()
    await page.getByLabel('At least').fill('5')
    await page.getByRole('button', { name: 'Deploy' }).click()
    await page.getByText('Not below the least').waitFor()
  })
})

interface Registered {
  model_version: { name: string; version: string; source: string; run_id?: string }
}

describePerson('a new version', {}, (person) => {
  let before: Registered['model_version']
  let after: Registered['model_version']
  beforeAll(async () => {
    await person.page.goto('/')
    const { status } = await ask<{ status: { modelName: string; modelVersion: string } }>(person, `/k8s/apis/dais.io/v1alpha1/namespaces/${project}/inferenceservices/${service}`)
    const found = await ask<Registered>(person, `${mlflow}/model-versions/get?name=${status.modelName}&version=${status.modelVersion}`)
    before = found.model_version
    const { name, source, run_id } = before
    after = (await ask<Registered>(person, `${mlflow}/model-versions/create`, 'POST', { name, source, ...(run_id && { run_id }) })).model_version
  })
  afterAll(async () => {
    await drop(person, rolling)
    if (after) await ask(person, `${mlflow}/model-versions/delete`, 'DELETE', { name: after.name, version: after.version }).catch(() => undefined)
  })

  it('is to take over in steps', async () => {
    const { page } = person
    await page.goto(`/p/${project}/services/new?model=models:/${before.name}/${before.version}`)
    await page.getByLabel('Name', { exact: true }).fill(rolling)
    await page.getByText('How a new version takes over').click()
    await page.getByText('In steps', { exact: true }).last().click()
    await page.getByLabel('Shares of the requests in percent').fill('50')
    await page.getByLabel('Seconds of a step').fill('15')
    await page.getByLabel('Requests of a step').fill('5')
    await page.getByRole('button', { name: 'Deploy' }).click()
    await head(page).getByText('Ready', { exact: true }).waitFor(PATIENCE)
  })

  it('gets its share, and is seen on its way', async () => {
    const { page } = person
    await page.getByRole('button', { name: 'Change' }).click()
    const form = page.getByRole('dialog')
    await form.getByLabel('Model', { exact: true }).fill(`models:/${after.name}/${after.version}`)
    await form.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('heading', { name: 'A new version on its way in' }).waitFor()
    const now = page.getByRole('list', { name: 'Steps' }).locator('[aria-current="step"]')
    await now.getByText('50%').waitFor(PATIENCE)
    await page.getByText(`Version ${after.version}: 50% of requests`).waitFor()
    await head(page).getByText(`v${after.version} 50%`).waitFor()
    await page.getByRole('row').filter({ hasText: `Version ${after.version}` }).getByText('new').waitFor()
    expect(await violations(page)).toEqual([])
    await page.goto(`/p/${project}/models/${after.name}`)
    await page.getByRole('row').filter({ hasText: rolling }).getByText('50% of requests').waitFor()
  })

  it('takes over once it has answered enough', async () => {
    const { page } = person
    await page.goto(`/p/${project}/services/${rolling}`)
    const path = `/api/predict/${project}/${rolling}`
    const { inputs } = await ask<{ inputs: { name: string; datatype: string; shape: number[] }[] }>(person, path)
    const body = {
      inputs: inputs.map(({ name, datatype, shape }) => {
        const known = shape.map((size) => Math.max(1, size))
        return { name, datatype, shape: known, data: Array.from({ length: known.reduce((a, b) => a * b, 1) }, () => 0) }
      }),
    }
    for (let count = 0; count < 40; count += 1) await ask(person, path, 'POST', body)
    await page.getByRole('heading', { name: 'A new version on its way in' }).waitFor({ state: 'hidden', ...PATIENCE })
    await page.getByRole('navigation', { name: 'Lineage' }).getByRole('link', { name: `models:/${after.name}/${after.version}` }).waitFor()
    await head(page).getByText('Ready', { exact: true }).waitFor(PATIENCE)
    expect(person.complaints).toEqual([])
  })
})
