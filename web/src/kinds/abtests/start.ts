import { BLANK, type TestDraft, type VariantDraft } from './draft'

/** The form as an address opens it: `?service=a&service=b`, `?service=a&model=models:/b/2`. */
export function startingWith(search: URLSearchParams): TestDraft {
  const named: VariantDraft[] = [...search.getAll('service').map((service): VariantDraft => ({ serves: 'service', service })), ...search.getAll('model').map((model): VariantDraft => ({ serves: 'model', model }))]
  const count = Math.max(BLANK.variants.length, named.length)
  const variants = Array.from({ length: count }, (_, at): VariantDraft => ({ ...(BLANK.variants[at] ?? { name: `challenger-${at}`, weight: 50 }), ...named[at] }))
  return { ...BLANK, variants }
}
