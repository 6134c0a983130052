import { execFileSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { violations } from './axe'
import { describePerson, project, url } from './person'

const stamp = Date.now().toString(36)
const work = `faces-${stamp}`
const user = `ann-${stamp}`
const password = 'correct-horse-battery'
const PATIENCE = { timeout: 60_000 }
const dais = (...words: string[]) => execFileSync(process.env.DAIS_BIN ?? 'dais', words, { encoding: 'utf8' })

function declare(object: object): void {
  const file = join(mkdtempSync(join(tmpdir(), 'dais-annotators-')), 'object.json')
  writeFileSync(file, JSON.stringify(object))
  dais('apply', '-f', file)
}

describePerson('somebody who only labels', { signedIn: false }, (person) => {
  beforeAll(async () => {
    const images = mkdtempSync(join(tmpdir(), 'dais-faces-'))
    const picture = await person.page.screenshot({ clip: { x: 0, y: 0, width: 64, height: 64 } })
    for (const name of ['one.png', 'two.png']) writeFileSync(join(images, name), picture)
    dais('upload', work, images)
    declare({
      apiVersion: 'dais.io/v1alpha1', kind: 'LabelingProject', metadata: { name: work },
      spec: { dataset: work, config: { kind: 'imageClassification', labels: [{ name: 'blank' }, { name: 'face' }] } },
    })
    const made = await fetch(`${url}/api/users`, {
      method: 'POST', headers: { authorization: `Bearer ${process.env.DAIS_TOKEN ?? ''}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: user, password, groups: [] }),
    })
    expect(made.ok).toBe(true)
    declare({
      apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: { name: user, namespace: project },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'annotator' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
    })
  })
  afterAll(() => {
    for (const [kind, name] of [['labelingproject', work], ['rolebinding', user]] as const) dais('delete', kind, name)
  })

  it('gets tasks with their images, and asks for no dataset', async () => {
    const { page } = person
    const refused: string[] = []
    page.on('response', (response) => {
      if (response.status() === 403 && /\/data\/|datasets/.test(response.url())) refused.push(response.url())
    })
    await page.goto(`/p/${project}/labeling/${work}/work`)
    await page.getByLabel('User').fill(user)
    await page.getByLabel('Password', { exact: true }).fill(password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    for (const number of [1, 2]) {
      await page.getByRole('heading', { name: `Task ${number}`, exact: true }).waitFor(PATIENCE)
      await page.waitForFunction(() => document.querySelector<HTMLImageElement>('.labeling-image')?.naturalWidth === 64)
      expect(await violations(page)).toEqual([])
      await page.keyboard.press('1')
      await page.keyboard.press('Enter')
    }
    await page.getByText('Nothing is left for you to do').waitFor()
    expect(refused).toEqual([])
    expect(person.complaints).toEqual([])
  })

  it('reads the file of a task of its own, and nothing of the dataset', async () => {
    const { page } = person
    const status = (path: string) => page.evaluate(async (address) => (await fetch(address)).status, path)
    expect(await status(`/labeling/p/${project}/${work}/tasks/1/file`)).toBe(200)
    expect(await status(`/labeling/p/${project}/${work}/tasks/9/file`)).toBe(404)
    expect(await status(`/data/p/${project}/datasets/${work}/versions/v1/files/one.png`)).toBe(403)
  })
})
