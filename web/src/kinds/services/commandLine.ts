const PLAIN = /^[\w@%+=:,./$~-]+$/

/** The line that `words` of a job's command takes apart into these. */
export function lineOf(words: readonly string[]): string {
  return words.map((word) => {
    if (PLAIN.test(word)) return word
    return word.includes("'") ? `"${word.replace(/[\\"]/g, '\\$&')}"` : `'${word}'`
  }).join(' ')
}
