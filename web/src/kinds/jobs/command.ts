/** Splits a command line into words: spaces part them, quotes and `\` hold them together. No shell. */
export function words(line: string): string[] {
  const found: string[] = []
  let word: string | null = null
  let quote = ''
  for (let index = 0; index < line.length; index += 1) {
    const c = line[index] ?? ''
    if (quote) {
      if (c === quote) quote = ''
      else if (c === '\\' && quote === '"' && /["\\]/.test(line[index + 1] ?? '')) word = (word ?? '') + (line[(index += 1)] ?? '')
      else word = (word ?? '') + c
    } else if (c === '"' || c === "'") {
      quote = c
      word ??= ''
    } else if (c === '\\' && index + 1 < line.length) {
      word = (word ?? '') + (line[(index += 1)] ?? '')
    } else if (/\s/.test(c)) {
      if (word !== null) found.push(word)
      word = null
    } else {
      word = (word ?? '') + c
    }
  }
  if (word !== null) found.push(word)
  return found
}
