import type { Page } from 'playwright-core'
import type { Person } from './person'

/** Files as a person has them, and the dialog that sends them as a version. */

interface Given { name: string; mimeType: string; buffer: Buffer }

export const row = (page: Page, words: string) => page.getByRole('row').filter({ hasText: words })
export const dialog = (page: Page) => page.getByRole('dialog')

/** A profile is kept for its content: that of this run is nobody's else. */
const RUN = Date.now()

/** A table with a bad line, the fourth; `more` is what the second version has beyond the first. */
export const csv = (more: string[]) => Buffer.from(['id,age,city', `1,31,Shanghai ${RUN}`, '2,,Beijing', '3', ...Array.from({ length: 150 }, (_one, at) => `${at + 4},${20 + (at % 50)},Shenzhen`), ...more].join('\n'))

/** A tar of one small file: a header of 512 bytes, the content, two empty blocks. */
export function tar(path: string, text: string): Buffer {
  const header = Buffer.alloc(512)
  header.write(path, 0)
  header.write('0000644\0', 100)
  header.write('0000000\0', 108)
  header.write('0000000\0', 116)
  header.write(`${text.length.toString(8).padStart(11, '0')}\0`, 124)
  header.write('00000000000\0', 136)
  header.write('        ', 148)
  header.write('0', 156)
  header.write('ustar\0', 257)
  header.write('00', 263)
  const sum = header.reduce((all, one) => all + one, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  const content = Buffer.alloc(512)
  content.write(text)
  return Buffer.concat([header, content, Buffer.alloc(1024)])
}

export const chooseFiles = (page: Page, files: Given[]) => dialog(page).getByLabel('Choose files').setInputFiles(files)
export const file = (path: string, buffer: Buffer) => ({ name: path, mimeType: 'application/octet-stream', buffer })

export async function upload(page: Page, files: Given[]): Promise<void> {
  await page.getByRole('button', { name: 'Upload a version' }).click()
  await chooseFiles(page, files)
  await dialog(page).getByRole('button', { name: 'Upload', exact: true }).click()
}

export async function made(page: Page, version: string): Promise<void> {
  await dialog(page).getByText(`${version} was made`).waitFor()
  await dialog(page).locator('.ant-btn').getByText('Close').click()
  await dialog(page).waitFor({ state: 'hidden' })
}

/** A request of the page's own session; answers its status. */
export async function ask({ page }: Person, method: string, to: string, body?: unknown): Promise<number> {
  return page.evaluate(async (asked) => {
    const { csrf } = (await (await fetch('/api/session')).json()) as { csrf: string }
    const answer = await fetch(asked.to, { method: asked.method, headers: { 'x-dais-csrf': csrf, 'content-type': 'application/json' }, ...(asked.body ? { body: JSON.stringify(asked.body) } : {}) })
    return answer.status
  }, { method, to, body })
}
