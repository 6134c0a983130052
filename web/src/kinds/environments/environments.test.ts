import { expect, it } from 'vitest'
import { licencesOf, lockOf } from './lock'

const PACKAGES = [
  { name: 'b', version: '2', sha256: '2f', licence: 'MIT' },
  { name: 'c', version: '3', sha256: '3f' },
  { name: 'd', version: '4', sha256: '4f', licence: 'Apache-2.0' },
  { name: 'e', version: '5', sha256: '5f', licence: 'MIT' },
  { name: 'pip', version: '23' },
]

it('the lock names each file, or none where one is not known', () => {
  expect(lockOf(PACKAGES.slice(0, 2).concat(PACKAGES.slice(4)))).toBe('b==2 --hash=sha256:2f\nc==3 --hash=sha256:3f\n')
  expect(lockOf([...PACKAGES.slice(0, 1), { name: 'local', version: '1' }])).toBe('b==2\nlocal==1\n')
})

it('licences are counted, and what says none comes last', () => {
  expect(licencesOf(PACKAGES).map(({ licence, names }) => [licence, names.length])).toEqual([['MIT', 2], ['Apache-2.0', 1], [undefined, 2]])
})
