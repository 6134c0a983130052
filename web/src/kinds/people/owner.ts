/** Longest value of a label, and the digits of the digest that keeps changed names apart. */
const LONGEST = 63
const DIGEST = /-?[0-9a-f]{8}$/

/** Whether `label` is the label-safe form of a person's name; the digest is not computed, the rest must fit. */
export function isLabelOf(label: string, name: string): boolean {
  const safe = name.toLowerCase().replace(/[^a-z0-9._-]/gu, '-').replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '')
  if (safe === name && name.length <= LONGEST) return label === name
  const kept = [...safe].slice(0, LONGEST - 9).join('').replace(/[^a-z0-9]+$/, '')
  return DIGEST.test(label) && label.replace(DIGEST, '') === kept
}
