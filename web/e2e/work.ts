import type { Page } from 'playwright-core'
import { project, type Person } from './person'

interface Wishes {
  queue?: string
  cpu?: string
  replicas?: string
  checkpoints?: boolean
  dataset?: string
}

/** Chooses in a select, which shows its choices elsewhere on the page. */
export async function choose(page: Page, label: string, option: string | RegExp): Promise<void> {
  await page.getByRole('combobox', { name: label, exact: true }).click()
  await page.locator('.ant-select-dropdown:not(.ant-select-dropdown-hidden) .ant-select-item-option').filter({ hasText: option }).first().click()
}

/** Starts a job from the form and waits for its page. */
export async function start({ page }: Person, job: string, command: string, { queue, cpu, replicas, checkpoints, dataset }: Wishes = {}): Promise<void> {
  await page.goto(`/p/${project}/jobs/new${dataset ? `?dataset=${dataset}` : ''}`)
  await page.getByLabel('Name', { exact: true }).fill(job)
  await page.getByLabel('Command', { exact: true }).and(page.locator('textarea')).fill(command)
  if (cpu) await page.getByLabel('CPU', { exact: true }).fill(cpu)
  if (replicas) await page.getByLabel('Replicas', { exact: true }).fill(replicas)
  if (queue) await choose(page, 'Queue', queue)
  if (checkpoints) await page.getByRole('switch', { name: 'Keep checkpoints' }).click()
  await page.getByRole('button', { name: 'Start job' }).click()
  await page.getByRole('heading', { name: job, exact: true }).waitFor()
}

export async function drop({ page }: Person, job: string): Promise<void> {
  await page.goto(`/p/${project}/jobs/${job}`)
  await page.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await page.waitForURL(new RegExp(`/p/${project}/jobs$`))
}

/** Asks the platform as the signed-in person. */
export async function ask<T>({ page }: Person, path: string, method = 'GET', body?: unknown): Promise<T> {
  return page.evaluate(async ([to, how, what]) => {
    const { csrf } = (await (await fetch('/api/session')).json()) as { csrf: string }
    const answer = await fetch(to, { method: how, ...(what && { body: what }), headers: { 'content-type': 'application/json', 'x-dais-csrf': csrf } })
    if (!answer.ok) throw new Error(`${how} ${to}: ${answer.status} ${await answer.text()}`)
    return (await answer.json()) as T
  }, [path, method, body === undefined ? '' : JSON.stringify(body)] as const)
}

export async function dropApplication({ page }: Person, application: string): Promise<void> {
  await page.evaluate(async (to) => {
    const { csrf } = (await (await fetch('/api/session')).json()) as { csrf: string }
    await fetch(to, { method: 'DELETE', headers: { 'x-dais-csrf': csrf } })
  }, `/k8s/apis/dais.io/v1alpha1/namespaces/${project}/applications/${application}`)
}
