import { execFileSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { violations } from './axe'
import { describePerson, project, type Person } from './person'

const stamp = Date.now().toString(36)
const [reviews, passages, pictures] = [`reviews-${stamp}`, `passages-${stamp}`, `pictures-${stamp}`]
const PATIENCE = { timeout: 60_000 }
const dais = (...words: string[]) => execFileSync(process.env.DAIS_BIN ?? 'dais', words, { encoding: 'utf8' })

function declare(name: string, dataset: string, config: object): void {
  const file = join(mkdtempSync(join(tmpdir(), 'dais-labeling-')), 'work.json')
  writeFileSync(file, JSON.stringify({ apiVersion: 'dais.io/v1alpha1', kind: 'LabelingProject', metadata: { name }, spec: { dataset, config } }))
  dais('apply', '-f', file)
}

/** What was handed in, of one labelling project, by task. */
async function answersOf(page: Page, work: string): Promise<Record<string, { answer?: unknown }>> {
  const lines = await page.evaluate(async (address) => (await fetch(address)).text(), `/labeling/p/${project}/${work}/export?format=json-lines`)
  const tasks = lines.trim().split('\n').filter(Boolean).map((line) => JSON.parse(line) as { key: string; answer?: unknown })
  return Object.fromEntries(tasks.map((task) => [task.key, task]))
}

const said = (page: Page, words: string) => page.getByText(words, { exact: true }).first()
const task = (page: Page, number: number) => page.getByRole('heading', { name: `Task ${number}`, exact: true })

describePerson('labelling', {}, (person: Person) => {
  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dais-labels-'))
    writeFileSync(join(folder, 'reviews.csv'), 'text\nso good\ntoo bad\n好极了\n')
    dais('upload', reviews, folder)
    const images = mkdtempSync(join(tmpdir(), 'dais-images-'))
    writeFileSync(join(images, 'one.png'), await person.page.screenshot({ clip: { x: 0, y: 0, width: 64, height: 64 } }))
    dais('upload', pictures, images)
    declare(passages, reviews, { kind: 'textSpans', labels: [{ name: 'praise' }, { name: 'blame' }] })
    declare(pictures, pictures, { kind: 'imageBoxes', labels: [{ name: 'cat' }, { name: 'dog' }] })
  })
  afterAll(() => {
    for (const name of [reviews, passages, pictures]) {
      try {
        dais('delete', 'labelingproject', name)
      } catch {
        // One that was never made.
      }
    }
  })

  it('begins with a form, which is YAML too', async () => {
    const { page } = person
    await page.goto(`/p/${project}/labeling/new`)
    await page.getByLabel('Name', { exact: true }).fill(reviews)
    await page.getByLabel('Dataset', { exact: true }).fill(`${reviews}@v1`)
    await page.getByLabel('Name of the label').first().fill('good')
    await page.getByLabel('Name of the label').nth(1).fill('bad')
    await page.getByLabel('Key', { exact: true }).nth(1).fill('b')
    expect(await violations(page)).toEqual([])
    await page.getByText('YAML', { exact: true }).click()
    const yaml = page.getByRole('textbox', { name: 'YAML' })
    expect(await yaml.inputValue()).toContain('hotkey: b')
    await yaml.fill(`${await yaml.inputValue()}instructions: As you would say it.\n`)
    await page.getByRole('switch', { name: 'Review' }).click()
    await page.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('heading', { name: reviews, exact: true }).waitFor()
    await page.getByRole('link', { name: 'Label', exact: true }).waitFor(PATIENCE)
    expect(await violations(page)).toEqual([])
  })

  it('is done with the keyboard alone', async () => {
    const { page } = person
    await page.goto(`/p/${project}/labeling/${reviews}/work`)
    await task(page, 1).waitFor()
    await page.getByText('As you would say it.').waitFor()
    expect(await violations(page)).toEqual([])
    await page.keyboard.press('1')
    await page.keyboard.press('Enter')
    await task(page, 2).waitFor()
    await page.keyboard.press('1')
    await page.keyboard.press('Enter')
    await task(page, 3).waitFor()
    // The last one was wrong.
    await page.keyboard.press('Control+z')
    await task(page, 2).waitFor()
    await page.keyboard.press('b')
    await said(page, 'Draft saved').waitFor()
    await page.keyboard.press('Enter')
    await task(page, 3).waitFor()
    await page.keyboard.press('Shift+Enter')
    await page.getByRole('textbox', { name: 'Why is it skipped?' }).fill('not English')
    await page.keyboard.press('Enter')
    await page.getByText('Nothing is left for you to do').waitFor()
    expect(await violations(page)).toEqual([])
    expect(person.complaints).toEqual([])
  })

  it('is reviewed, and becomes a version of a dataset', async () => {
    const { page } = person
    await page.goto(`/p/${project}/labeling/${reviews}/review`)
    await task(page, 1).waitFor()
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: 'Accept', exact: true }).click()
    await task(page, 2).waitFor()
    await page.getByRole('group', { name: 'Labels' }).getByRole('button', { name: 'good' }).click()
    await page.getByRole('button', { name: 'Accept as corrected' }).click()
    await page.getByText('No answer waits for a review').waitFor()
    await page.getByRole('tab', { name: 'Overview' }).click()
    await page.getByRole('row').filter({ hasText: 'admin' }).waitFor()
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: 'Publish as a dataset' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Publish as a dataset' }).click()
    await page.getByRole('link', { name: `${reviews}-labels@v1` }).waitFor()
    expect(await violations(page)).toEqual([])
    const answers = await answersOf(page, reviews)
    expect(Object.values(answers).map(({ answer }) => answer)).toEqual([{ choices: ['good'] }, { choices: ['good'] }])
    expect(person.complaints).toEqual([])
  })

  it('marks passages word by word', async () => {
    const { page } = person
    await page.goto(`/p/${project}/labeling/${passages}/work`)
    await page.getByRole('heading', { name: passages, exact: true }).waitFor(PATIENCE)
    await task(page, 1).waitFor(PATIENCE)
    await page.getByRole('textbox', { name: 'Text to mark' }).focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('1')
    await page.getByRole('listitem').filter({ hasText: 'good' }).waitFor()
    expect(await violations(page)).toEqual([])
    await page.keyboard.press('Enter')
    await task(page, 2).waitFor()
    const answers = await answersOf(page, passages)
    expect(Object.values(answers)[0]?.answer).toEqual({ spans: [{ label: 'praise', start: 3, end: 7 }] })
    expect(person.complaints).toEqual([])
  })

  it('draws boxes with the mouse and the keys', async () => {
    const { page } = person
    await page.goto(`/p/${project}/labeling/${pictures}/work`)
    await task(page, 1).waitFor(PATIENCE)
    const canvas = page.locator('.labeling-canvas svg')
    await canvas.waitFor()
    await page.waitForFunction(() => (document.querySelector<HTMLImageElement>('.labeling-canvas img')?.naturalWidth ?? 0) > 0)
    const { x, y, width, height } = (await canvas.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 }
    await page.mouse.move(x + width * 0.25, y + height * 0.25)
    await page.mouse.down()
    await page.mouse.move(x + width * 0.75, y + height * 0.5)
    await page.mouse.up()
    await page.keyboard.press('2')
    await page.getByRole('application').focus()
    await page.keyboard.press('Space')
    await page.keyboard.press('ArrowRight')
    await page.getByRole('button', { name: 'dog 2', exact: true }).waitFor()
    expect(await violations(page)).toEqual([])
    await page.keyboard.press('Enter')
    await page.getByText('Nothing is left for you to do').waitFor()
    const [first] = Object.values(await answersOf(page, pictures))
    const { boxes } = (first?.answer ?? {}) as { boxes: { size: object; shapes: { label: string; x: number; y: number; width: number; height: number }[] } }
    expect(boxes.size).toEqual({ width: 64, height: 64 })
    const rounded = boxes.shapes.map((box) => [box.label, Math.round(box.x), Math.round(box.y), Math.round(box.width), Math.round(box.height)])
    expect(rounded[0]).toEqual(['cat', 25, 25, 50, 25])
    expect(boxes.shapes[1]).toMatchObject({ label: 'dog', x: 35.5, y: 35 })
    expect(person.complaints).toEqual([])
  })

  it('takes tasks out of a file, and says why it takes none', async () => {
    const { page } = person
    const dialog = page.getByRole('dialog')
    const choose = (text: string) => dialog.locator('input[type=file]').setInputFiles({ name: 'tasks.json', mimeType: 'application/json', buffer: Buffer.from(text) })
    await page.goto(`/p/${project}/labeling/${passages}`)
    await page.getByRole('button', { name: 'Import tasks' }).click()
    await choose('{"no": "list"')
    expect(await violations(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Import tasks' }).click()
    await dialog.getByText('Nothing was imported').waitFor()
    await choose(JSON.stringify(['brought along', 'and one more'].map((text, at) => ({ id: 900 + at, data: { text } }))))
    await dialog.getByText('Nothing was imported').waitFor({ state: 'detached' })
    await dialog.getByRole('button', { name: 'Import tasks' }).click()
    await dialog.getByText('2 new tasks, 0 known before').waitFor()
    await dialog.getByRole('button', { name: 'Import tasks' }).click()
    await dialog.getByText('0 new tasks, 2 known before').waitFor()
    expect(await violations(page)).toEqual([])
    expect(person.complaints).toEqual([])
  })

  it('puts tasks onto a person’s list, and takes them back', async () => {
    const { page } = person
    const dialog = page.getByRole('dialog')
    await page.goto(`/p/${project}/labeling/${passages}`)
    await page.getByRole('button', { name: 'Assign' }).click()
    await dialog.getByRole('button', { name: 'Assign' }).click()
    await dialog.locator('.ant-form-item-explain-error').waitFor()
    await dialog.getByLabel('Person').fill('admin')
    await dialog.getByLabel('Tasks', { exact: true }).fill('2')
    await dialog.getByRole('button', { name: 'Assign' }).click()
    await dialog.getByText('admin has 2 more').waitFor()
    expect(await violations(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Take back' }).click()
    await dialog.getByText(/^[23] came back from admin/).waitFor()
    expect(person.complaints).toEqual([])
  })

  it('is listed with how far it is', async () => {
    const { page } = person
    await page.goto(`/p/${project}/labeling?q=${stamp}`)
    await page.getByRole('row').filter({ hasText: pictures }).waitFor()
    expect(await violations(page)).toEqual([])
  })
})
