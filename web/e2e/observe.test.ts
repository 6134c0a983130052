import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { open, violations } from './axe'
import { describePerson, project, service } from './person'
import { ask, choose } from './work'

/** A card with a curve in it, by its title. */
const curve = (page: Page, title: string) => page.locator('.card').filter({ has: page.getByRole('heading', { name: title, exact: true }) }).locator('.plot svg path[fill="none"]').first()

describePerson('an application', {}, (person) => {
  it('is in the list of its project, and leads to its page', async () => {
    const { page } = person
    await open(page, `/p/${project}/apps`)
    await page.getByRole('link', { name: service, exact: true }).click()
    await page.waitForURL(new RegExp(`/p/${project}/apps/${service}`))
    await page.getByRole('heading', { name: service, exact: true }).waitFor()
  })

  it('shows use, logs, pods and events on one page', async () => {
    const { page } = person
    for (const title of ['CPU', 'Memory', 'Pods by phase']) await curve(page, title).waitFor({ state: 'attached' })
    await page.getByRole('log', { name: 'Logs' }).waitFor()
    await page.getByRole('heading', { name: 'Events' }).waitFor()
    expect(await violations(page)).toEqual([])
    expect(person.complaints).toEqual([])
  })

  it('takes a range that is drawn on a chart, and hands it on', async () => {
    const { page } = person
    const plot = await page.locator('.plot').first().boundingBox()
    if (!plot) throw new Error('no chart')
    await page.mouse.move(plot.x + plot.width * 0.4, plot.y + plot.height / 2)
    await page.mouse.down()
    await page.mouse.move(plot.x + plot.width * 0.8, plot.y + plot.height / 2, { steps: 4 })
    await page.mouse.up()
    await page.waitForURL(/between=\d+-\d+/)
    const between = new URL(page.url()).searchParams.get('between')
    await page.getByRole('navigation', { name: 'Main navigation' }).getByRole('link', { name: 'Cluster' }).click()
    await page.waitForURL(/\/cluster/)
    expect(new URL(page.url()).searchParams.get('between')).toBe(between)
    await page.goBack()
    await page.goBack()
    expect(new URL(page.url()).searchParams.get('between')).toBe(null)
  })
})

describePerson('the cluster', {}, (person) => {
  it('shows machines together, their disks, and what projects use', async () => {
    const { page } = person
    await open(page, '/cluster')
    for (const title of ['CPU', 'Memory', 'Load', 'Disks']) await curve(page, title).waitFor({ state: 'attached' })
    await page.getByRole('cell', { name: '/', exact: true }).first().waitFor()
    await page.getByRole('link', { name: project, exact: true }).waitFor()
    expect(person.complaints).toEqual([])
  })

  it('leads to one machine with its own curves and pods', async () => {
    const { page } = person
    await page.locator('tbody a[href^="/nodes/"]').first().click()
    await page.waitForURL(/\/nodes\/.+/)
    for (const title of ['CPU', 'Memory', 'Load']) await curve(page, title).waitFor({ state: 'attached' })
    await page.getByRole('heading', { name: 'Pods on this machine' }).waitFor()
    expect(await violations(page)).toEqual([])
    expect(person.complaints).toEqual([])
  })

  it('has a page for accelerators, with or without any', async () => {
    const { page } = person
    await open(page, '/gpus')
    await page.getByText('No accelerator is measured').or(page.locator('tbody a[href^="/gpus/"]')).first().waitFor()
  })
})

describePerson('the filters of every page', {}, (person) => {
  const chips = () => person.page.getByRole('group', { name: 'Filters of every page' })
  const go = (page: string) => person.page.getByRole('navigation', { name: 'Main navigation' }).getByRole('link', { name: page, exact: true }).click()

  const quiet = 'running'

  it('go from the logs to the alerts and the map, which they narrow', async () => {
    const { page } = person
    await page.goto('/alerts')
    await page.getByRole('heading', { name: 'AlwaysFires' }).waitFor({ timeout: 60_000 })
    const { token } = await ask<{ token: string }>(person, '/api/tokens', 'POST', { name: `filters ${Date.now().toString(36)}` })
    const { gateway } = await ask<{ gateway: string }>(person, '/api/info')
    // Whatever it answers, the gateway notes the request as a trace of the service's application.
    await fetch(`${gateway}/serve/${project}/${service}/`, { headers: { authorization: `Bearer ${token}` } })
    await page.goto(`/p/${project}/map`)
    await page.getByRole('cell', { name: 'gateway', exact: true }).waitFor({ timeout: 60_000 })
    await page.goto(`/p/${project}/logs`)
    await choose(page, 'Application', quiet)
    await page.waitForURL(new RegExp(`app=${quiet}`))
    await chips().getByText(quiet, { exact: true }).waitFor()
    await go('Alerts')
    await page.getByText('No alert matches').waitFor()
    expect(await page.getByRole('heading', { name: 'AlwaysFires' }).count()).toBe(0)
    await go('Service map')
    await page.waitForURL(new RegExp(`/map\\?.*app=${quiet}`))
    await page.getByText('Nothing for these filters').waitFor()
    expect(await violations(page)).toEqual([])
    await chips().getByRole('button', { name: `Take away the filter Application: ${quiet}` }).click()
    await page.getByRole('cell', { name: 'gateway', exact: true }).waitFor()
    expect(new URL(page.url()).search).not.toContain('app=')
    expect(await chips().count()).toBe(0)
  })

  it('stay where they narrow nothing, and say so', async () => {
    const { page } = person
    await page.goto(`/people?node=no-such-machine&app=${service}`)
    await chips().locator('.idle').getByText('This page does not narrow by it').waitFor({ state: 'attached' })
    expect(await chips().locator('.idle').count()).toBe(1)
    await go('Cluster')
    await page.getByText('Nothing for these filters').first().waitFor()
  })

  it('are taken away by their chips, and then narrow nothing', async () => {
    const { page } = person
    await chips().getByRole('button', { name: 'Take away the filter Machine: no-such-machine' }).click()
    await page.locator('tbody a[href^="/nodes/"]').first().waitFor()
    await go('Alerts')
    await page.getByText('No alert matches').waitFor()
    await chips().getByRole('button', { name: `Take away the filter Application: ${service}` }).click()
    await page.getByRole('heading', { name: 'AlwaysFires' }).waitFor()
    expect(new URL(page.url()).search).not.toContain('app=')
    expect(await chips().count()).toBe(0)
    expect(person.complaints).toEqual([])
  })

  it('are in the examples of Explore', async () => {
    const { page } = person
    await page.goto(`/p/${project}/explore?app=${service}`)
    await page.getByRole('button', { name: 'Pods by phase' }).click()
    await page.getByRole('cell', { name: '{phase="Running"}' }).waitFor()
    expect(await page.getByRole('combobox', { name: 'PromQL expression' }).inputValue()).toContain(`label_dais_io_app="${service}"`)
  })
})

describePerson('Explore', {}, (person) => {
  it('completes names, labels and values, and draws the answer', async () => {
    const { page } = person
    await open(page, `/p/${project}/explore`)
    const box = page.getByRole('combobox', { name: 'PromQL expression' })
    const take = async (typed: string, suggestion: string) => {
      await box.pressSequentially(typed)
      await page.getByRole('option', { name: new RegExp(`^${suggestion}`) }).first().waitFor()
      await page.keyboard.press('Tab')
    }
    await box.click()
    await take('sum by (phase) (kube_pod_status_ph', 'kube_pod_status_phase')
    await take('{names', 'namespace')
    await take('="', project)
    await box.pressSequentially('"})')
    expect(await box.inputValue()).toBe(`sum by (phase) (kube_pod_status_phase{namespace="${project}"})`)
    await page.keyboard.press('Enter')
    await page.getByRole('cell', { name: '{phase="Running"}' }).waitFor()
    expect(person.complaints).toEqual([])
  })

  it('says in words what is wrong with a question, beside one that works', async () => {
    const { page } = person
    await page.getByRole('button', { name: 'Another question' }).click()
    await page.getByRole('combobox', { name: 'PromQL expression' }).nth(1).fill('sum(')
    await page.keyboard.press('Escape')
    await page.keyboard.press('Enter')
    expect((await page.getByRole('alert').textContent())?.length).toBeGreaterThan(20)
    await page.getByRole('cell', { name: '{phase="Running"}' }).waitFor()
  })

  it('is shared by its address', async () => {
    const { page } = person
    await page.getByRole('button', { name: 'Copy the address' }).click()
    const address = await page.evaluate(() => navigator.clipboard.readText())
    expect(new URL(address).searchParams.getAll('expr')).toHaveLength(2)
    await page.goto(address)
    await page.getByRole('cell', { name: '{phase="Running"}' }).waitFor()
  })
})
