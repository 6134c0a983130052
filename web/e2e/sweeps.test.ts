import { expect, it } from 'vitest'
import { open, violations } from './axe'
import { describePerson, project } from './person'
import { choose } from './work'

const name = `search-${Date.now().toString(36)}`
const page = (part = '') => `/p/${project}/sweeps/${name}${part}`

/** Logs x² as the loss, through MLflow's own API. */
const SCRIPT = `
import json, os, urllib.request
x = float(os.environ["DAIS_PARAM_X"])
body = json.dumps({"run_id": os.environ["MLFLOW_RUN_ID"], "key": "loss", "value": (x - 1) ** 2, "timestamp": 1, "step": 0}).encode()
headers = {"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"], "Content-Type": "application/json"}
urllib.request.urlopen(urllib.request.Request(os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/log-metric", body, headers))
print("x", x, "as", os.environ["DAIS_PARAM_KIND"])
`.trim()

describePerson('a sweep', {}, (person) => {
  it('starts from the form', async () => {
    const { page: tab } = person
    await open(tab, `/p/${project}/sweeps/new`)
    await tab.getByLabel('Name', { exact: true }).first().fill(name)
    await tab.getByLabel('Command', { exact: true }).and(tab.locator('textarea')).fill(`python3 -c '${SCRIPT}'`)
    const rows = tab.locator('.parameter')
    await rows.nth(0).getByLabel('Name').fill('x')
    await rows.nth(0).getByLabel('From').fill('-2')
    await rows.nth(0).getByLabel('To').fill('2')
    await tab.locator('.card').filter({ has: tab.locator('.parameter') }).getByRole('button', { name: 'Add parameter' }).click()
    await rows.nth(1).getByLabel('Name').fill('kind')
    await rows.nth(1).getByRole('combobox', { name: 'Type' }).click()
    await tab.locator('.ant-select-dropdown:not(.ant-select-dropdown-hidden) .ant-select-item-option').filter({ hasText: 'Choice' }).click()
    const values = rows.nth(1).getByRole('combobox', { name: 'Values' })
    for (const value of ['a', 'b']) {
      await values.fill(value)
      await values.press('Enter')
    }
    await tab.keyboard.press('Tab')
    await tab.getByLabel('Metric', { exact: true }).fill('loss')
    await tab.getByText('Lower is better', { exact: true }).click()
    await tab.getByLabel('Trials in all').fill('6')
    await choose(tab, 'Algorithm', /^Random/)
    await tab.getByRole('button', { name: 'Start sweep' }).click()
    await tab.getByRole('heading', { name, exact: true }).waitFor()
    expect(person.complaints).toEqual([])
  })

  it('is drawn while it runs, to its end', async () => {
    const { page: tab } = person
    await tab.locator('.page-head').getByText('6 of 6 trials ended').waitFor({ timeout: 90_000 })
    await tab.locator('.page-head').getByText('Succeeded', { exact: true }).waitFor()
    for (const title of ['loss by trial', 'Parameters and objective together', 'loss by parameter']) {
      const card = tab.locator('.card').filter({ has: tab.getByRole('heading', { name: title, exact: true }) })
      await card.locator('.plot svg path').first().waitFor({ state: 'attached' })
    }
    await tab.getByRole('heading', { name: 'The best trial' }).waitFor()
    expect(await violations(tab)).toEqual([])
    expect(person.complaints).toEqual([])
  })

  it('leads from chosen trials to their rows', async () => {
    const { page: tab } = person
    await open(tab, page('?trials=1.2'))
    await tab.getByText('2 trials chosen', { exact: true }).waitFor()
    await tab.getByRole('link', { name: /chosen in the table/ }).click()
    await tab.waitForURL(/\/trials\?trials=/)
    await expect.poll(() => tab.locator('tbody tr.ant-table-row').count()).toBe(2)
    await tab.getByRole('button', { name: /chosen: show all/ }).click()
    await expect.poll(() => tab.locator('tbody tr.ant-table-row').count()).toBe(6)
  })

  it('has a table of trials that is narrowed by its address', async () => {
    const { page: tab } = person
    await open(tab, page('/trials?q=kind%3Da&sort=value'))
    const rows = await tab.locator('tbody tr.ant-table-row').count()
    expect(rows).toBeLessThanOrEqual(6)
    await open(tab, page('/trials?state=Failed'))
    await tab.getByText('No trial is like that').waitFor()
    await open(tab, page('/trials'))
    await tab.getByText('Best', { exact: true }).waitFor()
    expect(await violations(tab)).toEqual([])
  })

  it('leads to the best runs side by side, to a job, and back', async () => {
    const { page: tab } = person
    await tab.getByRole('button', { name: 'Compare the best runs' }).click()
    await tab.waitForURL(/\/compare\?runs=/)
    await tab.getByRole('heading', { name: 'Values' }).waitFor()
    await open(tab, `/p/${project}/jobs/${name}-1`)
    await tab.locator('.page-head').getByRole('link', { name: `trial 1 of ${name}` }).click()
    await tab.waitForURL(new RegExp(`/sweeps/${name}$`))
  })

  it('is in the list and in the search', async () => {
    const { page: tab } = person
    await open(tab, `/p/${project}/sweeps?q=${name}`)
    const row = tab.getByRole('row').filter({ hasText: name })
    await row.getByText('6 / 6').waitFor()
    await tab.keyboard.press('Control+k')
    await tab.getByRole('combobox', { name: 'Search' }).fill(name)
    await tab.getByRole('option').filter({ hasText: 'Sweeps' }).first().waitFor()
    await tab.keyboard.press('Escape')
  })

  it('is said in Chinese to who reads Chinese, and fits a telephone', async () => {
    const { page: tab } = person
    await tab.evaluate(() => localStorage.setItem('dais.language', 'zh-CN'))
    await tab.setViewportSize({ width: 390, height: 844 })
    for (const part of ['', '/trials']) {
      await open(tab, page(part))
      await tab.getByText('参数搜索').first().waitFor({ state: 'attached' })
      expect(await tab.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
      expect(await violations(tab)).toEqual([])
    }
    await tab.setViewportSize({ width: 1440, height: 900 })
    await tab.evaluate(() => localStorage.setItem('dais.language', 'en'))
  })

  it('takes its jobs with it when deleted', async () => {
    const { page: tab } = person
    await open(tab, page())
    await tab.getByRole('button', { name: 'Delete' }).click()
    await tab.getByRole('dialog').getByText(/Its jobs go, with their checkpoints/).waitFor()
    await tab.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await tab.waitForURL(new RegExp(`/p/${project}/sweeps$`))
    await tab.goto(`/p/${project}/jobs/${name}-1`)
    await tab.getByText(`${name}-1 does not exist`).waitFor()
    expect(person.complaints).toEqual([])
  })
})
