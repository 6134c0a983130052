import { createHash } from 'node:crypto'
import type { Route } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describePerson, project } from './person'
import { ask, dialog, file, made, upload } from './sending'

const name = `uploads-${Date.now().toString(36)}`
const dataset = `/k8s/apis/dais.io/v1alpha1/namespaces/${project}/datasets`
const PART = 8 << 20
const FILES = '**/uploads/*/files/**'

describePerson('an upload that breaks off', {}, (person) => {
  beforeAll(async () => {
    await person.page.goto(`/p/${project}/datasets`)
    await ask(person, 'POST', dataset, { apiVersion: 'dais.io/v1alpha1', kind: 'Dataset', metadata: { name, namespace: project }, spec: {} })
  })
  afterAll(() => ask(person, 'DELETE', `${dataset}/${name}`).catch(() => undefined))

  it('goes on inside a large file, and says how far it is', async () => {
    const { page } = person
    await page.goto(`/p/${project}/datasets/${name}`)
    const content = Buffer.alloc(2 * PART + 1000, Date.now().toString())
    const ranges: string[] = []
    const note = (route: Route) => ranges.push(route.request().headers()['content-range'] ?? 'whole')
    await page.route(FILES, async (route) => {
      note(route)
      await (ranges.length > 1 ? route.abort('connectionreset') : route.continue())
    })
    await upload(page, [file('large.bin', content)])
    await dialog(page).getByText('1 file was not sent').waitFor()
    const second = `bytes ${PART}-${2 * PART - 1}/${content.length}`
    // Twice again by itself, then a person decides.
    expect(ranges).toEqual([`bytes 0-${PART - 1}/${content.length}`, second, second, second])
    expect(await dialog(page).getByRole('progressbar').getAttribute('aria-valuenow')).toBe('50')
    ranges.length = 0
    await page.unroute(FILES)
    await page.route(FILES, (route) => { note(route); return route.continue() })
    await dialog(page).getByRole('button', { name: 'Send what is missing' }).click()
    await made(page, 'v1')
    expect(ranges).toEqual([second, `bytes ${2 * PART}-${content.length - 1}/${content.length}`])
    await page.unroute(FILES)
    const stored = await page.request.get(`/data/p/${project}/datasets/${name}/versions/v1/files/large.bin`)
    const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
    expect(hash(await stored.body())).toBe(hash(content))
    expect(person.complaints).toEqual([])
  })
})
