import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { translate } from '.'
import { MESSAGES, type MessageKey } from './messages'

const source = join(import.meta.dirname, '..')
const keys = Object.keys(MESSAGES) as MessageKey[]

/** All code except the catalogue and the tests. */
function code(folder = source): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return entry.name === 'messages' ? [] : code(path)
    return /\.tsx?$/.test(entry.name) && !entry.name.includes('.test.') ? [readFileSync(path, 'utf8')] : []
  })
}
const all = code().join('\n')

describe('the message catalogue', () => {
  it('has words in every language', () => {
    for (const key of keys) for (const text of MESSAGES[key]) expect(text.trim(), key).not.toBe('')
  })

  it('is in Chinese where it should be', () => {
    const same = keys.filter((key) => MESSAGES[key][0] === MESSAGES[key][1] && /[a-z]{4,}/.test(MESSAGES[key][0].replace(/\{\w+\}/g, '')))
    expect(same).toEqual(['environments.python'])
  })

  it('fills the same places in every language', () => {
    const places = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).toSorted()
    for (const key of keys) expect(places(MESSAGES[key][1]), key).toEqual(places(MESSAGES[key][0]))
  })

  it('has no message that nothing shows', () => {
    // Reasons are what servers say: `reason.${reason}`.
    const unused = keys.filter((key) => !key.startsWith('reason.') && !all.includes(`'${key}'`))
    expect(unused).toEqual([])
  })

  it('uses the word that goes with a number', () => {
    expect([1, 3].map((count) => translate('en', 'jobs.count', { count }))).toEqual(['1 job', '3 jobs'])
    expect(translate('zh-CN', 'jobs.count', { count: 3 })).toBe('共 3 个任务')
  })

  it('has every message that is asked for', () => {
    const asked = [...all.matchAll(/\bt\('([^']+)'/g)].map((match) => match[1] ?? '')
    expect(asked.length).toBeGreaterThan(200)
    expect(asked.filter((key) => !Object.hasOwn(MESSAGES, key))).toEqual([])
  })
})
