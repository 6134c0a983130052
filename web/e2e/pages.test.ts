import { expect, it } from 'vitest'
import { open, violations } from './axe'
import { describePerson, project, service } from './person'

const inside = ['datasets', 'environments', 'jobs', 'jobs/new', 'experiments', 'models', 'services', 'services/new', 'apps', 'explore', 'alerts', 'logs', 'logs?live=1', 'logs?is=node:x&not=stream:stderr', 'traces', 'map', 'events']
const PAGES = ['/', '/cluster', '/gpus', '/people', '/explore', '/alerts', '/alerts?view=rules', '/alerts?view=silences', '/alerts?view=receivers', '/logs', '/traces', '/map', '/events', '/nodes', '/projects', '/tokens', ...inside.map((one) => `/p/${project}/${one}`), `/p/${project}/services/${service}`, `/p/${project}/apps/${service}`]

describePerson('every page', {}, (person) => {
  it.each(PAGES)('%s is accessible and quiet', async (path) => {
    await open(person.page, path)
    expect(await violations(person.page)).toEqual([])
    expect(person.complaints).toEqual([])
  })
})

describePerson('every page on a telephone', { width: 390 }, (person) => {
  it.each(PAGES)('%s fits', async (path) => {
    await open(person.page, path)
    expect(await person.page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
  })
})
