import { afterAll, beforeAll, beforeEach, describe, inject } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { launch } from './browser'

/**
 * A person at a browser in front of a real platform:
 *   DAIS_URL, DAIS_LOGIN_LINK   where it is, and the one-time link that signs in
 *   DAIS_PROJECT                a project that may be written to (`default`)
 *   DAIS_SERVICE                a service in it, of a model in its registry (`digits`)
 */
export const url = process.env.DAIS_URL ?? ''
export const project = process.env.DAIS_PROJECT ?? 'default'
export const service = process.env.DAIS_SERVICE ?? 'digits'

export interface Person {
  page: Page
  /** What the console complained about. */
  complaints: string[]
}

interface Seat {
  signedIn?: boolean
  width?: number
}

export function describePerson(name: string, { signedIn = true, width = 1440 }: Seat, tests: (person: Person) => void): void {
  const ready = inject('signedIn') !== ''
  describe.skipIf(!ready)(name, () => {
    const person = { complaints: [] as string[] } as unknown as Person
    let browser: Browser
    beforeAll(async () => {
      browser = await launch()
      const context = await browser.newContext({
        baseURL: url, viewport: { width, height: 900 }, locale: 'en-GB', permissions: ['clipboard-read', 'clipboard-write'],
        ...(signedIn && { storageState: inject('signedIn') }),
      })
      context.setDefaultTimeout(20_000)
      person.page = await context.newPage()
      person.page.on('pageerror', (error) => person.complaints.push(error.message))
      person.page.on('console', (message) => {
        if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) person.complaints.push(message.text())
      })
    })
    beforeEach(() => {
      person.complaints.length = 0
    })
    afterAll(() => browser?.close())
    tests(person)
  })
}
