import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { launch } from './browser'

declare module 'vitest' {
  interface ProvidedContext {
    /** File with the cookies of the signed-in person; empty without a platform. */
    signedIn: string
  }
}

/** The sign-in link works once: it is opened here, and every file shares the session. */
export default async function setup(project: TestProject) {
  const link = process.env.DAIS_LOGIN_LINK
  if (!process.env.DAIS_URL || !link) {
    project.provide('signedIn', '')
    return () => undefined
  }
  const folder = mkdtempSync(join(tmpdir(), 'dais-e2e-'))
  const state = join(folder, 'state.json')
  const browser = await launch()
  try {
    const page = await browser.newPage()
    await page.goto(new URL(link, process.env.DAIS_URL).href)
    await page.getByRole('navigation').first().waitFor()
    await page.context().storageState({ path: state })
  } finally {
    await browser.close()
  }
  project.provide('signedIn', state)
  return () => rmSync(folder, { recursive: true })
}
