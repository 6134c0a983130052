/** Longest value of a label, and the digits of the digest that keeps changed names apart. */
const LONGEST = 63
const DIGITS = 8
const DIGEST = new RegExp(`-?[0-9a-f]{${DIGITS}}$`)

/** A name as a label may have it; whether it had to be changed, and so ends with a digest. */
function safeForm(name: string): { kept: string; changed: boolean } {
  const safe = name.toLowerCase().replace(/[^a-z0-9._-]/gu, '-').replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '')
  if (safe === name && name.length <= LONGEST) return { kept: name, changed: false }
  return { kept: [...safe].slice(0, LONGEST - 1 - DIGITS).join('').replace(/[^a-z0-9]+$/, ''), changed: true }
}

/** Whether `label` is the label-safe form of a person's name; the digest is not computed, the rest must fit. */
export function isLabelOf(label: string, name: string): boolean {
  const { kept, changed } = safeForm(name)
  return changed ? DIGEST.test(label) && label.replace(DIGEST, '') === kept : label === name
}

/** Whether both name one person, either of them as pods are labelled. */
export const isSamePerson = (one: string, other: string): boolean => one === other || isLabelOf(one, other) || isLabelOf(other, one)

/** A regular expression of the labels that a person's pods may have; undefined where the label is the name itself. */
export function labelPattern(name: string): string | undefined {
  const { kept, changed } = safeForm(name)
  return changed ? `${kept.replaceAll('.', '\\.')}-?[0-9a-f]{${DIGITS}}` : undefined
}
