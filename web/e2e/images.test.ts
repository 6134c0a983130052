import { createHash } from 'node:crypto'
import { afterAll, expect, it } from 'vitest'
import { open, violations } from './axe'
import { describePerson } from './person'
import { ask } from './work'

const name = `shop/seen:${Date.now().toString(36)}`
const shown = `docker.io/${name}`
const digest = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`

/** A tar of texts (POSIX ustar). */
function tar(files: [string, string][]): Buffer {
  const blocks = files.flatMap(([path, text]) => {
    const head = Buffer.alloc(512)
    const size = Buffer.byteLength(text)
    head.write(path, 0)
    head.write('0000644\0', 100)
    head.write(`${size.toString(8).padStart(11, '0')}\0`, 124)
    head.write('        0', 148)
    head.write('ustar\u000000', 257)
    const sum = head.reduce((all, byte) => all + byte, 0)
    head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
    return [head, Buffer.from(text), Buffer.alloc((512 - (size % 512)) % 512)]
  })
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

/** An image without a file in it, as `docker save` writes one. */
function archive(): Buffer {
  const config = JSON.stringify({ os: 'linux', config: { Env: [`UNIQUE=${name}`] }, rootfs: { type: 'layers', diff_ids: [] } })
  const file = `${digest(config).slice('sha256:'.length)}.json`
  return tar([[file, config], ['manifest.json', JSON.stringify([{ Config: file, RepoTags: [name], Layers: [] }])]])
}

describePerson('container images', {}, (person) => {
  afterAll(() => ask(person, `/api/images/${name}`, 'DELETE').catch(() => undefined))

  it('are loaded, listed and deleted', async () => {
    const { page } = person
    const dialog = page.getByRole('dialog')
    const whole = archive()
    await open(page, '/images')
    await page.getByRole('button', { name: 'Load images' }).click()
    const load = async (buffer: Buffer) => {
      await dialog.getByLabel('Choose an archive').setInputFiles({ name: 'seen.tar', mimeType: 'application/x-tar', buffer })
      await dialog.getByRole('button', { name: 'Load', exact: true }).click()
    }
    await load(whole.subarray(0, 700))
    await dialog.getByText('the archive is no whole tar').waitFor()
    expect(await violations(page)).toEqual([])
    await load(whole)
    const row = page.getByRole('row').filter({ hasText: shown })
    await row.getByText('nobody').waitFor()
    expect(await violations(page)).toEqual([])
    await row.getByRole('button', { name: 'Delete' }).click()
    await dialog.getByRole('button', { name: 'Delete' }).click()
    await row.waitFor({ state: 'detached' })
    expect(person.complaints).toEqual([])
  })
})
