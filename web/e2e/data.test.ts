import { afterAll, beforeAll, expect, it } from 'vitest'
import { violations } from './axe'
import { describePerson, project } from './person'
import { ask, chooseFiles, csv, dialog, file, made, row, tar, upload } from './sending'

const name = `data-${Date.now().toString(36)}`
const datasets = `/p/${project}/datasets`
const address = `${datasets}/${name}`
const dataset = `/k8s/apis/dais.io/v1alpha1/namespaces/${project}/datasets`
const FILE = 'people.csv'

describePerson('the data of a dataset', {}, (person) => {
  beforeAll(async () => {
    await person.page.goto(datasets)
    await ask(person, 'POST', dataset, { apiVersion: 'dais.io/v1alpha1', kind: 'Dataset', metadata: { name, namespace: project }, spec: {} })
  })
  afterAll(() => ask(person, 'DELETE', `${dataset}/${name}`).catch(() => undefined))

  it('is uploaded twice, with a change', async () => {
    const { page } = person
    await page.goto(address)
    await page.getByRole('heading', { name: 'No version yet' }).waitFor()
    expect(await violations(page)).toEqual([])
    await upload(page, [file(FILE, csv([])), file('old.txt', Buffer.from('gone\n')), file('kept.txt', Buffer.from('as it was\n'))])
    await made(page, 'v1')
    await row(page, 'v1').getByText('Latest', { exact: true }).waitFor()
    await upload(page, [file(FILE, csv(['999,50,Chengdu'])), file('kept.txt', Buffer.from('as it was\n')), file('new.txt', Buffer.from('fresh\n'))])
    await made(page, 'v2')
    await row(page, 'v2').getByText('Latest', { exact: true }).waitFor()
    expect(await violations(page)).toEqual([])
    expect(person.complaints).toEqual([])
  })

  it('shows a table with its types and its bad line, a page at a time', async () => {
    const { page } = person
    await page.goto(`${address}/files`)
    await row(page, FILE).getByRole('link', { name: FILE, exact: true }).click()
    const table = page.getByRole('region', { name: 'Preview' })
    await expect.poll(() => table.getByRole('columnheader').allInnerTexts()).toEqual(['Row', 'id\ninteger', 'age\ninteger', 'city\ntext'])
    await row(page, 'Line 4').getByText('it has 1 field').waitFor()
    expect(await table.getByRole('row').count()).toBe(101)
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: 'Show more' }).click()
    await table.getByText('Chengdu').waitFor()
    expect(await table.getByRole('row').count()).toBe(155)
    expect(await page.getByRole('button', { name: 'Show more' }).count()).toBe(0)
    await page.getByRole('link', { name: 'All files' }).click()
    await page.getByRole('link', { name: 'kept.txt', exact: true }).click()
    await page.getByRole('listitem').getByText('as it was').waitFor()
    expect(await violations(page)).toEqual([])
    expect(person.complaints).toEqual([])
  })

  it('has a profile once it is asked for, and keeps it', async () => {
    const { page } = person
    await page.goto(`${address}/files?version=v2&file=${FILE}&view=profile`)
    await page.getByText('No profile yet').waitFor()
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: 'Make a profile' }).click()
    await row(page, 'age').getByText('20 – 69').waitFor()
    await row(page, 'age').getByRole('cell').nth(1).getByText('1', { exact: false }).waitFor()
    await row(page, 'age').getByRole('img', { name: 'How age is spread from 20 to 69' }).waitFor()
    await row(page, 'city').getByText('Shenzhen').waitFor()
    await page.getByText('1 row could not be read and is not counted').waitFor()
    expect(await violations(page)).toEqual([])
    await page.reload()
    await row(page, 'age').getByText('20 – 69').waitFor()
    expect(person.complaints).toEqual([])
  })

  it('has tags and words on its versions, and a tag moves', async () => {
    const { page } = person
    await page.goto(address)
    const edit = async (version: string) => {
      await page.getByRole('button', { name: `Edit tags and description of ${version}` }).click()
      await dialog(page).getByLabel('Tags', { exact: true }).fill('gold')
      await page.keyboard.press('Enter')
    }
    const save = async () => {
      await dialog(page).getByRole('button', { name: 'Save' }).click()
      await dialog(page).waitFor({ state: 'hidden' })
    }
    await edit('v2')
    await dialog(page).getByLabel('Description', { exact: true }).fill('with Chengdu')
    expect(await violations(page)).toEqual([])
    await save()
    await row(page, 'v2').getByText('gold', { exact: true }).waitFor()
    await row(page, 'v2').getByText('with Chengdu').waitFor()
    await edit('v1')
    await dialog(page).getByText('gold moves here from v2.').waitFor()
    await dialog(page).getByLabel('Description', { exact: true }).fill('the first')
    await save()
    await row(page, 'v1').getByText('gold', { exact: true }).waitFor()
    await expect.poll(() => row(page, 'v2').getByText('gold', { exact: true }).count()).toBe(0)
    expect(person.complaints).toEqual([])
    await page.getByRole('button', { name: 'Edit tags and description of v1' }).click()
    await dialog(page).getByLabel('Tags', { exact: true }).fill('v7')
    await page.keyboard.press('Enter')
    await dialog(page).getByLabel('Description', { exact: true }).click()
    await dialog(page).getByRole('button', { name: 'Save' }).click()
    await dialog(page).getByText('looks like the number of a version').waitFor()
    expect(await violations(page)).toEqual([])
  })

  it('says how two versions differ', async () => {
    const { page } = person
    await page.goto(`${address}/compare`)
    const list = page.locator('.diff-entries')
    const said = async () => (await list.getByRole('listitem').allInnerTexts()).map((text) => text.split('\n').slice(0, 2).join(' '))
    await list.waitFor()
    expect(await said()).toEqual(['Added new.txt', 'Removed old.txt', `Changed ${FILE}`])
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: /^Removed 1/ }).click()
    await expect.poll(said).toEqual(['Removed old.txt'])
    expect(new URL(page.url()).searchParams.get('kind')).toBe('removed')
    await page.getByRole('button', { name: /^Removed 1/ }).click()
    await expect.poll(async () => (await said()).length).toBe(3)
    await page.getByLabel('Filter').fill('people')
    await expect.poll(said).toEqual([`Changed ${FILE}`])
    await page.getByLabel('Filter').fill('')
    await expect.poll(async () => (await said()).length).toBe(3)
    await page.getByRole('button', { name: 'Swap' }).click()
    await expect.poll(said).toEqual(['Removed new.txt', 'Added old.txt', `Changed ${FILE}`])
    expect(person.complaints).toEqual([])
  })

  it('unpacks an archive, and says why it does not', async () => {
    const { page } = person
    await page.goto(address)
    await upload(page, [file('broken.zip', Buffer.from('no archive'))])
    await dialog(page).getByText('it is neither tar, tar.gz nor zip').waitFor()
    expect(await violations(page)).toEqual([])
    await chooseFiles(page, [file('good.tar', tar('inside/deep.txt', 'hello\n'))])
    await dialog(page).getByRole('button', { name: /Upload$/ }).click()
    await made(page, 'v3')
    await page.goto(`${address}/files?version=v3`)
    await page.getByRole('link', { name: 'inside/deep.txt', exact: true }).waitFor()
  })

  it('goes on with an upload that lost a file', async () => {
    const { page } = person
    await page.goto(address)
    let sent: string[] = []
    await page.route('**/uploads/*/files/**', async (route) => {
      const path = decodeURIComponent(new URL(route.request().url()).pathname.split('/').at(-1) ?? '')
      sent.push(path)
      await (path === 'b.txt' ? route.fulfill({ status: 403, json: { code: 'forbidden', message: 'not this one' } }) : route.continue())
    })
    await upload(page, ['a', 'b', 'c'].map((one) => file(`${one}.txt`, Buffer.from(`${one} of the upload\n`))))
    await dialog(page).getByText('1 file was not sent').waitFor()
    await dialog(page).getByText('not this one').waitFor()
    expect(sent).toEqual(['a.txt', 'b.txt', 'c.txt'])
    expect(await violations(page)).toEqual([])
    await page.unroute('**/uploads/*/files/**')
    sent = []
    page.on('request', (request) => { if (request.method() === 'PUT') sent.push(request.url().split('/').at(-1) ?? '') })
    await dialog(page).getByRole('button', { name: 'Send what is missing' }).click()
    await made(page, 'v4')
    expect(sent).toEqual(['b.txt'])
  })

  it('is found by a file in it, and by what is said of a version', async () => {
    const { page } = person
    await page.goto(`${datasets}?q=the+first`)
    await page.getByRole('link', { name: `${name} v1` }).waitFor()
    await page.getByLabel('Filter').fill('b.txt')
    await page.locator('.found').getByRole('link', { name: 'b.txt', exact: true }).first().waitFor()
    expect(await violations(page)).toEqual([])
    await page.getByLabel('Filter').fill(FILE)
    await page.getByText('No file has that in its path.').waitFor()
    await page.getByRole('switch', { name: 'in all versions' }).click()
    await page.locator('.found').getByRole('link', { name: FILE, exact: true }).first().click()
    await page.getByRole('region', { name: 'Preview' }).waitFor()
    expect(person.complaints).toEqual([])
  })

  it('shows what a rule would remove, removes it, and lets a rule stand', async () => {
    const { page } = person
    await page.goto(`${address}/retention`)
    await page.getByText('No rule stands').waitFor()
    await page.getByRole('spinbutton', { name: 'Keep the newest' }).fill('1')
    await page.getByRole('button', { name: 'Show what would go' }).click()
    await page.getByText('2 versions go').waitFor()
    await page.getByText('Stay as the newest: v4. Stay for their tags: v1.').waitFor()
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: 'Remove 2 versions now' }).click()
    await dialog(page).getByText('v3, v2').waitFor()
    expect(await violations(page)).toEqual([])
    await dialog(page).getByRole('button', { name: 'Remove 2 versions now' }).click()
    await dialog(page).waitFor({ state: 'hidden' })
    await page.getByRole('button', { name: 'Show what would go' }).click()
    await page.getByText('Nothing would go now').waitFor()
    await page.getByRole('button', { name: 'Apply it now and each day' }).click()
    await dialog(page).getByRole('button', { name: 'Apply it now and each day' }).click()
    await page.getByText('Keeps the newest 1 version and all that have a tag', { exact: true }).waitFor()
    await page.getByText(/^Set by /).waitFor()
    expect(await violations(page)).toEqual([])
    await page.goto(address)
    await row(page, 'v4').first().waitFor()
    await expect.poll(() => row(page, 'v2').count(), { timeout: 20_000 }).toBe(0)
    await page.goto(`${address}/retention`)
    await page.getByRole('button', { name: 'Remove the rule' }).click()
    await dialog(page).getByRole('button', { name: 'Remove the rule' }).click()
    await page.getByText('No rule stands').waitFor()
    expect(person.complaints).toEqual([])
  })
})
