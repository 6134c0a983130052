import { execFileSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { violations } from './axe'
import { describePerson, project, type Person } from './person'

const stamp = Date.now().toString(36)
const [forest, sales, flowers, job] = [`forest-${stamp}`, `sales-${stamp}`, `flowers-${stamp}`, `leaf-${stamp}`]
const PATIENCE = { timeout: 60_000 }
const dais = (...words: string[]) => execFileSync(process.env.DAIS_BIN ?? 'dais', words, { encoding: 'utf8' })

const SCHEMA = `type: object
required: [target]
additionalProperties: false
properties:
  target: {type: string, title: Target column}
  rate: {type: number, title: Rate, exclusiveMinimum: 0, maximum: 1, default: 0.1}
  loss: {enum: [squared, absolute], title: Loss, default: squared}
  deep: {type: boolean, title: Deep, default: false}
  columns: {type: array, items: {type: string}, title: Columns}
  nested: {type: object}
`

const tab = (page: Page, name: string) => page.getByRole('tab', { name, exact: true })

describePerson('algorithms', {}, (person: Person) => {
  let code = ''
  beforeAll(() => {
    const data = mkdtempSync(join(tmpdir(), 'dais-flowers-'))
    writeFileSync(join(data, 'flowers.csv'), 'a,b\n1,2\n')
    dais('upload', flowers, data)
    code = mkdtempSync(join(tmpdir(), 'dais-forest-'))
    writeFileSync(join(code, 'main.sh'), 'echo "ran with $DAIS_PARAMETERS"; cat "$DAIS_INPUT_DATA"/*.csv\n')
  })
  afterAll(() => {
    for (const name of [forest, sales]) {
      try {
        dais('delete', 'algorithm', name)
      } catch {
        // One that was never made.
      }
    }
  })

  it('are made of uploaded code and a schema, whose form stands beside it', async () => {
    const { page } = person
    await page.goto(`/p/${project}/algorithms/new`)
    await page.getByLabel('Name', { exact: true }).fill(forest)
    await page.getByLabel('Entry point').fill('sh main.sh')
    await page.getByLabel('YAML', { exact: true }).first().fill(SCHEMA)
    await page.getByLabel('Rate', { exact: true }).waitFor()
    await page.getByText('Only as YAML: nested').waitFor()
    await page.locator('input[type=file]').nth(1).setInputFiles(join(code, 'main.sh'))
    await page.getByText('1 file uploaded').waitFor()
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('heading', { name: forest, exact: true }).waitFor(PATIENCE)
    await page.getByText(`${forest}@v1`).first().waitFor(PATIENCE)
    await tab(page, 'Code').click()
    await page.getByText('echo "ran with $DAIS_PARAMETERS"').waitFor()
    await tab(page, 'Parameters').click()
    await page.getByText('0 < x ≤ 1').waitFor()
    expect(await violations(page)).toEqual([])
    expect(person.complaints).toEqual([])
  })

  it('draw the form that a job is started with', async () => {
    const { page } = person
    await page.goto(`/p/${project}/jobs/new?algorithm=${forest}`)
    await page.getByLabel('Rate', { exact: true }).waitFor(PATIENCE)
    expect(await page.getByLabel('Rate', { exact: true }).inputValue()).toBe('0.1')
    await page.getByLabel('Name', { exact: true }).fill(job)
    await page.getByLabel('Rate', { exact: true }).fill('7')
    await page.getByRole('button', { name: 'Start job' }).click()
    await page.getByText('0 < x ≤ 1').nth(1).waitFor()
    await page.getByLabel('Rate', { exact: true }).fill('0.5')
    await page.getByLabel('Target column').fill('b')
    await page.getByRole('switch', { name: 'Deep' }).click()
    await page.getByLabel('Inputs: data').click()
    await page.getByTitle(`${flowers}@v1`).click()
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: 'Start job' }).click()
    await page.getByRole('heading', { name: job, exact: true }).waitFor(PATIENCE)
    await page.getByRole('link', { name: `${forest}@v1` }).first().waitFor(PATIENCE)
    await page.getByText('Succeeded').first().waitFor(PATIENCE)
    const log = dais('logs', job)
    expect(log).toContain('"rate":0.5')
    expect(log).toContain('"deep":true')
    expect(log).toContain('"loss":"squared"')
    expect(person.complaints).toEqual([])
  })

  it('have versions, which are compared and deprecated', async () => {
    const { page } = person
    await page.goto(`/p/${project}/algorithms/${forest}/edit`)
    await page.getByLabel('Memory').fill('64Mi')
    await page.getByLabel(/Why it changes/).fill('needs little')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText(`${forest}@v2`).first().waitFor(PATIENCE)
    await page.goto(`/p/${project}/algorithms/${forest}/edit`)
    writeFileSync(join(code, 'main.sh'), 'echo "ran with $DAIS_PARAMETERS"; cat "$DAIS_INPUT_DATA"/*.csv\necho done\n')
    await page.locator('input[type=file]').nth(1).setInputFiles(join(code, 'main.sh'))
    await page.getByText('1 file uploaded').waitFor()
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText(`${forest}@v3`).first().waitFor(PATIENCE)
    await tab(page, 'Compare').click()
    const changed = page.getByRole('region', { name: 'main.sh' })
    await changed.locator('ins').filter({ hasText: 'echo done' }).waitFor()
    expect(await changed.locator('del').count()).toBe(0)
    await page.goto(`/p/${project}/algorithms/${forest}/compare?from=v1&to=v2`)
    await page.getByText('resources.limits.memory').waitFor()
    expect(await changed.count()).toBe(0)
    expect(await violations(page)).toEqual([])
    await tab(page, 'Versions').click()
    await page.getByText('needs little').waitFor()
    await page.getByRole('button', { name: 'Deprecate v2' }).click()
    await page.getByLabel('What to use instead, and why').fill('use v1')
    await page.getByRole('dialog').getByRole('button', { name: 'Deprecate' }).click()
    await page.getByText('use v1').first().waitFor()
    await page.getByRole('button', { name: 'Undo deprecation' }).waitFor()
    expect(await violations(page)).toEqual([])
    await page.goto(`/p/${project}/jobs/new?algorithm=${forest}@v2`)
    await page.getByText('v2 should not be used any more').waitFor(PATIENCE)
    expect(person.complaints).toEqual([])
  })

  it('come with dais, and are added to the project', async () => {
    const { page } = person
    await page.goto(`/p/${project}/algorithms/library`)
    await page.getByRole('button', { name: 'Read the code: Clustering' }).click()
    await page.getByText('def train(parameters)').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Add to project: Time series' }).click()
    await page.getByLabel('Name in this project').fill(sales)
    await page.getByRole('dialog').getByRole('button', { name: 'Add to project' }).click()
    await page.getByRole('heading', { name: sales, exact: true }).waitFor(PATIENCE)
    await page.getByText(`${sales}@v1`).first().waitFor(PATIENCE)
    await tab(page, 'Parameters').click()
    await page.getByText('Steps ahead').waitFor()
    await tab(page, 'Code').click()
    await page.getByText('def train(parameters)').waitFor()
    expect(person.complaints).toEqual([])
  })
})
