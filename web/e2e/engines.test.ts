import { describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { open } from './axe'
import { describePerson, project, service } from './person'
import { PAGES } from './routes'

/** Pages that are made of metrics, and the curves that each must have. */
const CURVES: [string, string[]][] = [
  ['/cluster', ['CPU', 'Memory', 'Load', 'Disks']],
  [`/p/${project}/apps/${service}`, ['CPU', 'Memory', 'Pods by phase']],
]

const curve = (page: Page, title: string) => page.locator('.card').filter({ has: page.getByRole('heading', { name: title, exact: true }) }).locator('.plot svg path[fill="none"]').first()
const filled = /: \d+(\.\d+)?%$/

// With a platform that asks another Prometheus: `DAIS_E2E_PROMETHEUS=1 scripts/with-platform`.
describe.skipIf(!process.env.DAIS_E2E_PROMETHEUS)('over a Prometheus that is not ours', () => {
  describePerson('home', {}, (person) => {
    it('is asked of a real one', async () => {
      const { page } = person
      await page.goto('/')
      const version = await page.evaluate(async () => ((await (await fetch('/prometheus/api/v1/status/buildinfo')).json()) as { data: { version: string; goVersion?: string } }).data)
      expect(version.goVersion).toMatch(/^go/)
    })

    it('has full rings, machines with trends, applications and people', async () => {
      const { page } = person
      // Rates need what was measured over some scrapes, and the seed's work is young.
      page.setDefaultTimeout(90_000)
      await open(page, '/')
      for (const name of ['CPU', 'Memory']) await page.getByRole('img', { name: new RegExp(`^${name}${filled.source}`) }).first().waitFor()
      for (const kind of ['/nodes/', `/p/${project}/apps/`, '/people/']) {
        const row = page.getByRole('row').filter({ has: page.locator(`a[href^="${kind}"]`) })
        await row.filter({ has: page.locator('svg polyline') }).first().waitFor()
      }
      page.setDefaultTimeout(20_000)
      expect(person.complaints).toEqual([])
    })

    it('shows what its rules and ours found', async () => {
      const { page } = person
      await open(page, '/alerts')
      await page.locator('.alert').filter({ hasText: 'always' }).waitFor()
      await open(page, '/alerts?view=rules')
      // Ours, evaluated by the platform, and one of deploy/rules as the other Prometheus has it.
      await page.getByRole('row').filter({ hasText: 'AlwaysFires' }).getByText('Firing').waitFor()
      const theirs = () =>
        page.evaluate(async () => {
          const { data } = (await (await fetch('/prometheus/api/v1/rules')).json()) as { data: { groups: { file: string; rules: { name: string; health: string }[] }[] } }
          return data.groups.filter((group) => group.file.endsWith('dais-rules.yaml')).flatMap((group) => group.rules).map((rule) => `${rule.name} ${rule.health}`)
        })
      // Its group has its turn within a minute; others have longer ones, and are unknown until then.
      await expect.poll(theirs, { timeout: 90_000 }).toContain('NodeNotReady ok')
      expect((await theirs()).filter((rule) => rule.endsWith(' err'))).toEqual([])
    })
  })

  describePerson('every page', {}, (person) => {
    it.each([...PAGES, `/p/${project}/services/${service}`, `/p/${project}/apps/${service}`])('%s has no error on it', async (path) => {
      const { page } = person
      const failed: string[] = []
      const note = (answer: { status: () => number; url: () => string }) => {
        if (answer.status() >= 400 && answer.url().includes('/prometheus/')) failed.push(`${answer.status()} ${decodeURIComponent(answer.url())}`)
      }
      page.on('response', note)
      await open(page, path)
      // Pages that watch something are never idle.
      await page.waitForLoadState('networkidle', { timeout: 2000 }).catch(() => undefined)
      page.off('response', note)
      expect(failed).toEqual([])
      expect(await page.getByRole('alert').allTextContents()).toEqual([])
      expect(person.complaints).toEqual([])
    })

    it.each(CURVES)('%s draws its curves', async (path, titles) => {
      await open(person.page, path)
      for (const title of titles) await curve(person.page, title).waitFor({ state: 'attached' })
    })
  })
})
