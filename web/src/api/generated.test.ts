import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'

it('the types are those of the CustomResourceDefinitions', () => {
  const script = join(import.meta.dirname, '..', '..', 'scripts', 'generate.mjs')
  expect(() => execFileSync(process.execPath, [script, '--check'], { stdio: 'pipe' })).not.toThrow()
  // A clock that no busy machine runs out of.
}, 120_000)
