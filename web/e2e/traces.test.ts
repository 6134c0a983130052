import { beforeAll, expect, it } from 'vitest'
import { violations } from './axe'
import { describePerson, project, type Person } from './person'

const service = `shop-${Date.now().toString(36)}`
const hex = (length: number) => Array.from({ length }, () => Math.floor(Math.random() * 16).toString(16)).join('')
const traces = [hex(32), hex(32)]

const attributes = (of: Record<string, string>) => Object.entries(of).map(([key, stringValue]) => ({ key, value: { stringValue } }))

/** Two requests through two services, sent as an OpenTelemetry exporter would; the second fails. */
async function send({ page }: Person): Promise<void> {
  const start = BigInt(Date.now() - 60_000) * 1_000_000n
  const ms = (offset: number) => String(start + BigInt(offset) * 1_000_000n)
  const [front, back] = [[] as unknown[], [] as unknown[]]
  traces.forEach((traceId, index) => {
    const [root, child] = [hex(16), hex(16)]
    const bad = index === 1
    front.push({ traceId, spanId: root, name: 'GET /basket', kind: 2, startTimeUnixNano: ms(index * 1000), endTimeUnixNano: ms(index * 1000 + 90 + index * 100), ...(bad && { status: { code: 2, message: 'basket is empty' } }) })
    back.push({ traceId, spanId: child, parentSpanId: root, name: 'load', kind: 2, startTimeUnixNano: ms(index * 1000 + 10), endTimeUnixNano: ms(index * 1000 + 50) })
  })
  const resource = (name: string) => ({ attributes: attributes({ 'service.name': name, 'k8s.namespace.name': project, 'k8s.pod.name': 'pod-0', 'dais.app': service, 'dais.user': 'somebody' }) })
  const status = await page.evaluate(async (body) => {
    const { csrf } = (await (await fetch('/api/session')).json()) as { csrf: string }
    return (await fetch('/v1/traces', { method: 'POST', body, headers: { 'content-type': 'application/json', 'x-dais-csrf': csrf } })).status
  }, JSON.stringify({ resourceSpans: [{ resource: resource(service), scopeSpans: [{ spans: front }] }, { resource: resource(`${service}-db`), scopeSpans: [{ spans: back }] }] }))
  expect(status).toBe(200)
}

describePerson('traces', {}, (person) => {
  beforeAll(async () => {
    await person.page.goto('/')
    await send(person)
  })

  it('are found by application and person, and drawn over time', async () => {
    const { page } = person
    await page.goto(`/p/${project}/traces?app=${service}&user=somebody`)
    await page.getByRole('link', { name: 'GET /basket', exact: true }).first().waitFor()
    expect(await page.locator('.scatter-point').count()).toBe(2)
    await page.getByRole('combobox', { name: 'At least' }).fill('150ms')
    await page.keyboard.press('Enter')
    await page.waitForURL(/slower=150ms/)
    await expect.poll(() => page.locator('.scatter-point').count()).toBe(1)
    await page.getByRole('combobox', { name: 'At least' }).fill('150')
    await page.getByRole('combobox', { name: /a number with a unit/ }).waitFor()
  })

  it('open to where the time went', async () => {
    const { page } = person
    await page.goto(`/p/${project}/traces?app=${service}&errors=1`)
    await page.getByRole('link', { name: 'GET /basket', exact: true }).click()
    await page.getByRole('heading', { name: 'Where the time went' }).waitFor()
    await page.getByText('basket is empty').first().waitFor()
    await page.getByRole('button', { name: /load, 40 ms/ }).click()
    await page.waitForURL(/span=[0-9a-f]{16}/)
    await page.getByRole('checkbox', { name: 'Critical path' }).click()
    await page.getByRole('button', { name: /load, 40 ms, Critical path/ }).waitFor()
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: '1 span below GET /basket' }).click()
    expect(await page.getByRole('button', { name: /load, 40 ms/ }).count()).toBe(0)
  })

  it('lead to their logs', async () => {
    const { page } = person
    await page.goto(`/p/${project}/traces/${traces[0]}`)
    await page.getByRole('link', { name: 'Logs of its pod at that time' }).click()
    await page.waitForURL(/logs\?pod=pod-0&between=\d+-\d+/)
    await page.goto(`/p/${project}/traces/${traces[0]}`)
    await page.getByRole('button', { name: 'Logs of this trace' }).click()
    await page.waitForURL(new RegExp(`logs\\?trace=${traces[0]}`))
  })

  it('are compared span by span', async () => {
    const { page } = person
    await page.goto(`/p/${project}/traces/compare?a=${traces[0]}&b=${traces[1]}`)
    await page.getByRole('row', { name: /GET \/basket.*\+100 ms/ }).waitFor()
    await page.getByRole('row', { name: /load.*0/ }).waitFor()
    expect(await violations(page)).toEqual([])
  })

  it('are gone in words', async () => {
    const { page } = person
    await page.goto(`/p/${project}/traces/${'0'.repeat(31)}1`)
    await page.getByText('does not exist').waitFor()
  })
})

describePerson('the service map', {}, (person) => {
  it('has services and calls, and leads to their traces', async () => {
    const { page } = person
    for (const path of [`/p/${project}/map`, '/map']) {
      await page.goto(path)
      await page.getByRole('row', { name: new RegExp(`${service} .*${service}-db`) }).waitFor()
    }
    expect(await violations(page)).toEqual([])
    await page.locator('.map-node').filter({ hasText: `${service}-db` }).click()
    await page.waitForURL(new RegExp(`/traces\\?service=${service}-db`))
    expect(person.complaints).toEqual([])
  })
})

describePerson('events', {}, (person) => {
  it('say what is kept, or that nothing is', async () => {
    const { page } = person
    await page.goto(`/p/${project}/events`)
    await page.getByText('No events').or(page.locator('.events > li').first()).waitFor()
    await page.goto(`/p/${project}/events?q=surely-no-such-word`)
    await page.getByText('Nothing matches in this time range.').waitFor()
    expect(person.complaints).toEqual([])
  })
})
