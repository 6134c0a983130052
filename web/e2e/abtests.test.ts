import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Locator, Page } from 'playwright-core'
import { open, violations } from './axe'
import { describePerson, project, url, type Person } from './person'
import { choose } from './work'

const mark = Date.now().toString(36)
const name = `test-${mark}`
const [control, challenger] = [`control-${mark}`, `challenger-${mark}`]
/** What a page may take until servers have started, or figures were made. */
const PATIENCE = { timeout: 90_000 }
const SUBJECTS = 360
const kube = `/k8s/apis/dais.io/v1alpha1/namespaces/${project}`
const address = (part = '') => `/p/${project}/abtests/${name}${part}`

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

/** A program that answers every GET of `/`, from a folder that tells the two apart. */
const serviceOf = (service: string, folder: string) => ({
  apiVersion: 'dais.io/v1alpha1', kind: 'InferenceService', metadata: { name: service, namespace: project },
  spec: { server: { command: ['sh', '-c', `exec python3 -m http.server --bind "$HOST" "$PORT" --directory ${folder}`], readyPath: '/' } },
})

const head = (page: Page) => page.locator('.page-head')
const card = (page: Page, title: string | RegExp): Locator => page.locator('.card').filter({ has: page.getByRole('heading', { name: title }) })

describePerson('an A/B test', {}, (person) => {
  let token = { token: '', id: '' }
  const bearer = () => ({ authorization: `Bearer ${token.token}` })
  beforeAll(async () => {
    await person.page.goto('/')
    token = await ask(person, '/api/tokens', 'POST', { name: `e2e ${mark}` })
    for (const [service, folder] of [[control, '/etc'], [challenger, '/usr']] as const) await ask(person, `${kube}/inferenceservices`, 'POST', serviceOf(service, folder))
  })
  afterAll(async () => {
    for (const path of [`abtests/${name}`, `inferenceservices/${control}`, `inferenceservices/${challenger}`]) await ask(person, `${kube}/${path}`, 'DELETE').catch(() => undefined)
    if (token.id) await ask(person, `/api/tokens/${token.id}`, 'DELETE').catch(() => undefined)
  })

  it('is set up in the form, which says at its field what is refused', async () => {
    const { page } = person
    await open(page, `/p/${project}/abtests/new?service=${control}`)
    await page.getByLabel('Name', { exact: true }).first().fill(name)
    const second = page.getByRole('group', { name: 'Variant 2' })
    await second.getByRole('combobox', { name: 'Service' }).click()
    await page.locator('.ant-select-dropdown:not(.ant-select-dropdown-hidden) .ant-select-item-option').filter({ hasText: challenger }).click()
    await page.getByLabel('Name of the header').fill('x-user')
    const metric = page.getByRole('group', { name: 'Metric 1' })
    await metric.getByLabel('Metric', { exact: true }).fill('bought')
    await metric.getByLabel('Smallest difference worth finding').fill('20')
    await page.getByText('Who takes part', { exact: true }).click()
    await page.getByLabel('Salt').fill('s'.repeat(300))
    await page.getByText('How it is judged', { exact: true }).click()
    await page.getByText('When it ends', { exact: true }).click()
    await page.getByText('Chance to be better', { exact: true }).click()
    expect(await page.getByRole('checkbox', { name: /^As soon as one is better/ }).isDisabled()).toBe(true)
    await page.getByText('p-value valid at any look', { exact: true }).click()
    expect(await violations(page)).toEqual([])
    // Folded away, so that the refusal has to open it.
    await page.getByText('Who takes part', { exact: true }).click()
    await page.getByRole('button', { name: 'Start test' }).click()
    await page.getByText('The test was not accepted').waitFor()
    await page.locator('.ant-form-item').filter({ has: page.getByLabel('Salt') }).locator('.ant-form-item-explain-error').waitFor()
    await page.getByLabel('Salt').fill('')
    await page.getByRole('button', { name: 'Start test' }).click()
    await page.getByRole('heading', { name, exact: true }).waitFor()
    expect(person.complaints).toEqual([])
  })

  it('shares requests out once both answer', async () => {
    const { page } = person
    await head(page).getByText('Running', { exact: true }).waitFor(PATIENCE)
    await page.getByText('Still collecting').waitFor(PATIENCE)
    const endpoint = (await page.getByLabel('Endpoint').first().textContent()) ?? ''
    const counted = new Map<string, number>()
    const outcomes: { requestId: string; metric: string; value: number }[] = []
    for (let at = 0; at < SUBJECTS; at += 1) {
      const answer = await page.request.get(endpoint, { headers: { ...bearer(), 'x-user': `person ${at}` } })
      expect(answer.status()).toBe(200)
      const { 'x-dais-variant': variant = '', 'x-dais-request-id': requestId = '' } = answer.headers()
      const before = counted.get(variant) ?? 0
      counted.set(variant, before + 1)
      // One in five against four in five.
      const isFifth = before % 5 === 0
      outcomes.push({ requestId, metric: 'bought', value: Number(variant === 'challenger' ? !isFifth : isFifth) })
    }
    expect([...counted.keys()].toSorted()).toEqual(['challenger', 'control'])
    const told = await page.request.post(`${url}/feedback?project=${project}`, { headers: bearer(), data: outcomes })
    expect(await told.json()).toMatchObject({ taken: SUBJECTS, refused: [] })
    for (const [variant, count] of counted) await card(page, /^bought/).getByRole('listitem').filter({ hasText: variant }).getByText(`${count} subjects`).waitFor(PATIENCE)
  })

  it('says which is better, and how surely', async () => {
    const { page } = person
    await page.getByText('challenger is better', { exact: true }).waitFor(PATIENCE)
    const row = card(page, /^bought/).getByRole('listitem').filter({ hasText: 'challenger' })
    await row.getByText('Better', { exact: true }).waitFor()
    await row.getByText(/valid at any look/).waitFor()
    await row.getByRole('img', { name: /^challenger: \+/ }).waitFor()
    await card(page, 'Guardrails').getByRole('listitem').filter({ hasText: 'challenger' }).waitFor()
    const split = card(page, 'Who gets what')
    await split.getByRole('img', { name: /^Seen: control/ }).waitFor()
    await split.getByRole('link', { name: challenger }).waitFor()
    expect(await violations(page)).toEqual([])
    expect(person.complaints).toEqual([])
  })

  it('has its traffic, its logs, its traces and what happened', async () => {
    const { page } = person
    for (const part of ['/metrics', '/logs', '/traces', '/events', '/yaml']) {
      await open(page, address(part))
      await head(page).getByText('Running', { exact: true }).waitFor()
      expect(await violations(page)).toEqual([])
    }
    await open(page, address('/metrics'))
    await card(page, 'Requests / s').locator('.plot svg path').first().waitFor({ state: 'attached', ...PATIENCE })
    await open(page, address('/traces'))
    await page.locator('tbody tr.ant-table-row').first().waitFor(PATIENCE)
    await choose(page, 'Variant', 'challenger')
    await page.waitForURL(/variant=challenger/)
    await page.locator('tbody tr.ant-table-row').first().waitFor()
    expect(person.complaints).toEqual([])
  })

  it('pauses and goes on', async () => {
    const { page } = person
    await open(page, address())
    await page.getByRole('button', { name: 'Pause' }).click()
    await head(page).getByText('Suspended', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Resume' }).click()
    await head(page).getByText('Running', { exact: true }).waitFor()
  })

  it('is in the list, in the search and behind its services', async () => {
    const { page } = person
    await open(page, `/p/${project}/abtests?q=${name}`)
    await page.getByRole('row').filter({ hasText: name }).getByText('challenger', { exact: true }).first().waitFor()
    expect(await violations(page)).toEqual([])
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox', { name: 'Search' }).fill(name)
    await page.getByRole('option').filter({ hasText: 'A/B tests' }).first().waitFor()
    await page.keyboard.press('Escape')
    await open(page, `/p/${project}/services/${control}`)
    await page.getByRole('navigation', { name: 'Lineage' }).getByRole('link', { name, exact: true }).click()
    await page.getByRole('heading', { name, exact: true }).waitFor()
  })

  it('is said in Chinese to who reads Chinese, and fits a telephone', async () => {
    const { page } = person
    await page.evaluate(() => localStorage.setItem('dais.language', 'zh-CN'))
    await page.setViewportSize({ width: 390, height: 844 })
    for (const part of ['', '/metrics', '/traces']) {
      await open(page, address(part))
      await page.getByText('A/B 测试').first().waitFor({ state: 'attached' })
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
      expect(await violations(page)).toEqual([])
    }
    await page.setViewportSize({ width: 1440, height: 900 })
    await page.evaluate(() => localStorage.setItem('dais.language', 'en'))
  })

  it('lets its winner take over by one action that says what it does', async () => {
    const { page } = person
    await open(page, address())
    await head(page).getByRole('button', { name: 'Promote challenger' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText(`Service ${control} serves ${challenger} from now on`).waitFor()
    await dialog.getByText(`dais abtest promote ${name} --variant challenger`).waitFor()
    expect(await violations(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Promote challenger' }).click()
    await head(page).getByText('Promoted', { exact: true }).waitFor(PATIENCE)
    await page.getByText('challenger has taken over.').waitFor(PATIENCE)
    await head(page).getByText('everybody gets challenger').waitFor()
    const { spec } = await ask<{ spec: { server: { command: string[] } } }>(person, `${kube}/inferenceservices/${control}`)
    expect(spec.server.command.join(' ')).toContain('/usr')
    expect(await page.getByRole('button', { name: /^Promote/ }).count()).toBe(0)
    expect(await violations(page)).toEqual([])
    expect(person.complaints).toEqual([])
  })

  it('is deleted, and its services stay', async () => {
    const { page } = person
    await page.getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await page.waitForURL(new RegExp(`/p/${project}/abtests$`))
    await page.goto(address())
    await page.getByText(`${name} does not exist`).waitFor()
    await ask(person, `${kube}/inferenceservices/${control}`)
    expect(person.complaints).toEqual([])
  })
})
