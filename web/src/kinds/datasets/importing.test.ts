import { expect, it } from 'vitest'
import { importJob, wrongAddress } from './importing'

it('is the command that the command line submits', () => {
  const web = importJob('risk', 'digits', { from: 'web', address: ' https://a/x.csv\n\nhttps://a/y.csv\n' })
  expect(web.spec).toEqual({ command: ['dais', 'import', '--here', '--file', 'rows.csv', '--', 'digits', 'https://a/x.csv', 'https://a/y.csv'], retries: 2 })
  const sql = importJob('risk', 'digits', { from: 'sql', address: 'postgres://me@db/shop', query: 'SELECT 1', file: 'sales.csv', secret: 'shop', endpoint: 'https://not.this' })
  expect(sql.spec.command).toEqual(['dais', 'import', '--here', '--query', 'SELECT 1', '--file', 'sales.csv', '--', 'digits', 'postgres://me@db/shop'])
  expect(sql.spec.env).toContainEqual({ name: 'DAIS_SOURCE_PASSWORD', valueFrom: { secretKeyRef: { name: 'shop', key: 'password', optional: true } } })
  expect(sql.spec.env?.at(-1)).toEqual({ name: 'DAIS_SOURCE_SECRET', value: 'shop' })
})

it('takes addresses of its kind, and no password', () => {
  expect(wrongAddress({ from: 'web', address: 'https://a/b' })).toBeUndefined()
  expect(wrongAddress({ from: 'web', address: 's3://a/b' })).toBe('import.badAddress')
  expect(wrongAddress({ from: 's3', address: '' })).toBe('import.badAddress')
  expect(wrongAddress({ from: 'sql', address: 'mysql://me@db/shop' })).toBeUndefined()
  expect(wrongAddress({ from: 'sql', address: 'mysql://me:secret@db/shop' })).toBe('import.hasPassword')
})
