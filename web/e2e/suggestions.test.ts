import { execFileSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { violations } from './axe'
import { faults, LOOKS, show } from './look'
import { describePerson, project, type Person } from './person'

const name = `moods-${Date.now().toString(36)}`
const PATIENCE = { timeout: 90_000 }
const dais = (...words: string[]) => execFileSync(process.env.DAIS_BIN ?? 'dais', words, { encoding: 'utf8' })

/** Finds everything good, by the Open Inference Protocol v2. */
const SERVER = `
import http.server, json, os
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        self.answer(b"ready")
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(json.dumps({"model_name": "mood", "model_version": "1", "outputs": [
            {"name": "label", "datatype": "BYTES", "shape": [1], "data": ["good"]},
            {"name": "score", "datatype": "FP32", "shape": [1], "data": [0.92]}]}).encode())
    def log_message(self, *words):
        pass
address = os.environ["HOST"], int(os.environ["PORT"])
http.server.ThreadingHTTPServer(address, Handler).serve_forever()
`

/** In every language, theme and width. */
async function looked(page: Page): Promise<void> {
  for (const one of LOOKS) {
    await show(page, one)
    expect(await faults(page, one)).toEqual([])
  }
  await show(page, { language: 'en', theme: 'light', width: 1440 })
}

describePerson('what a model suggests', {}, (person: Person) => {
  beforeAll(() => {
    const code = mkdtempSync(join(tmpdir(), 'dais-mood-'))
    writeFileSync(join(code, 'serve.py'), SERVER)
    dais('deploy', '--name', name, '--code', code, '--ready-path', '/ready', '--', 'python3', 'serve.py')
    const folder = mkdtempSync(join(tmpdir(), 'dais-moods-'))
    writeFileSync(join(folder, 'moods.csv'), 'text\nso good\ntoo bad\n')
    dais('upload', name, folder)
    const file = join(folder, 'work.json')
    writeFileSync(file, JSON.stringify({
      apiVersion: 'dais.io/v1alpha1', kind: 'LabelingProject', metadata: { name },
      spec: { dataset: name, config: { kind: 'textClassification', labels: [{ name: 'good' }, { name: 'bad' }] } },
    }))
    dais('apply', '-f', file)
  }, 120_000)
  afterAll(() => {
    for (const kind of ['labelingproject', 'inferenceservice']) dais('delete', kind, name)
  })

  it('is asked for on the page of the project', async () => {
    const { page } = person
    await page.goto(`/p/${project}/labeling/${name}`)
    await page.getByRole('combobox', { name: 'Service', exact: true }).fill(name)
    await page.getByTitle(name, { exact: true }).click()
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: 'Ask the service' }).click()
    await page.getByText('2 of 2 tasks have a prediction').waitFor(PATIENCE)
    expect(await violations(page)).toEqual([])
    await looked(page)
    await page.getByRole('button', { name: 'Suspend' }).click()
    await page.getByRole('button', { name: 'Resume' }).click()
    await page.getByRole('button', { name: 'Suspend' }).waitFor()
    expect(person.complaints).toEqual([])
  })

  it('is accepted with one key, or taken again after a change', async () => {
    const { page } = person
    await page.goto(`/p/${project}/labeling/${name}/work`)
    await page.getByRole('heading', { name: 'Task 1', exact: true }).waitFor(PATIENCE)
    const suggestion = page.getByRole('note', { name: 'Suggestion' })
    await suggestion.getByText('good').waitFor()
    await suggestion.getByText('92%').waitFor()
    await suggestion.getByText('Suggested by mood/1').waitFor()
    expect(await violations(page)).toEqual([])
    await looked(page)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Task 2', exact: true }).waitFor(PATIENCE)
    await page.keyboard.press('2')
    await suggestion.getByRole('button', { name: 'Take the suggestion' }).click()
    await page.getByRole('button', { name: 'good', exact: true, pressed: true }).waitFor()
    await page.keyboard.press('2')
    await page.keyboard.press('Enter')
    await page.getByText('Nothing is left for you to do').waitFor()
    const lines = await page.evaluate(async (address) => (await fetch(address)).text(), `/labeling/p/${project}/${name}/export?format=json-lines`)
    const answers = lines.trim().split('\n').map((line) => (JSON.parse(line) as { answer?: unknown }).answer)
    expect(answers).toEqual([{ choices: ['good'] }, { choices: ['bad'] }])
    expect(person.complaints).toEqual([])
  })
})
