import type { Environment } from '../../api/generated'

export type Package = NonNullable<NonNullable<Environment['status']>['packages']>[number]

/** What comes with every virtual environment. */
const SEEDS = new Set(['pip', 'setuptools', 'wheel'])

/** requirements.txt of exactly these files, as `pip install --no-deps -r` takes it. */
export function lockOf(packages: Package[]): string {
  const own = packages.filter(({ name, sha256 }) => sha256 !== undefined || !SEEDS.has(name.toLowerCase()))
  // pip takes digests for all or for none.
  const whole = own.every(({ sha256 }) => sha256 !== undefined)
  return own.map(({ name, version, sha256 }) => `${name}==${version}${whole && sha256 ? ` --hash=sha256:${sha256}` : ''}\n`).join('')
}

export function save(name: string, text: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/plain' }))
  link.download = name
  link.click()
  URL.revokeObjectURL(link.href)
}

/** How many distributions say which licence; the most frequent first, those that say none last. */
export function licencesOf(packages: Package[]): { licence: string | undefined; names: string[] }[] {
  const found = new Map<string, string[]>()
  for (const { name, licence = '' } of packages) found.set(licence, [...(found.get(licence) ?? []), name])
  return [...found].map(([licence, names]) => ({ licence: licence || undefined, names }))
    .toSorted((a, b) => Number(a.licence === undefined) - Number(b.licence === undefined) || b.names.length - a.names.length)
}
