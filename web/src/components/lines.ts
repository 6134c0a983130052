/** One line of two texts that are held against each other; its number in each. */
export interface Line {
  way: 'same' | 'gone' | 'new'
  text: string
  was?: number
  is?: number
}

/** Lines of a stretch that differs in both texts: more, and it is shown as replaced whole. The table of the comparison has their product as its size. */
const MOST_CELLS = 4_000_000
/** Lines that stay in sight around a difference. */
const AROUND = 3

const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'))

/** Two texts line by line, by their longest common subsequence. */
export function compareLines(was: string, is: string): Line[] {
  const [old, next] = [linesOf(was), linesOf(is)]
  const least = Math.min(old.length, next.length)
  let start = 0
  while (start < least && old[start] === next[start]) start += 1
  let end = 0
  while (end < least - start && old[old.length - 1 - end] === next[next.length - 1 - end]) end += 1
  const same = (from: number, to: number, shift: number) => old.slice(from, to).map((text, at): Line => ({ way: 'same', text, was: from + at + 1, is: from + at + 1 + shift }))
  const middle = between(old.slice(start, old.length - end), next.slice(start, next.length - end), start)
  return [...same(0, start, 0), ...middle, ...same(old.length - end, old.length, next.length - old.length)]
}

function between(old: string[], next: string[], start: number): Line[] {
  const width = next.length + 1
  const isTooMuch = old.length * next.length > MOST_CELLS
  // The longest common subsequence of what begins at each pair of lines.
  const longest = isTooMuch ? undefined : new Uint32Array((old.length + 1) * width)
  const at = (i: number, j: number) => longest?.[i * width + j] ?? 0
  if (longest) {
    for (let i = old.length - 1; i >= 0; i -= 1) {
      for (let j = next.length - 1; j >= 0; j -= 1) longest[i * width + j] = old[i] === next[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
    }
  }
  const found: Line[] = []
  for (let i = 0, j = 0; i < old.length || j < next.length;) {
    const [was, is] = [old[i], next[j]]
    if (longest && was !== undefined && was === is) {
      found.push({ way: 'same', text: was, was: start + i + 1, is: start + j + 1 })
      i += 1
      j += 1
    } else if (was !== undefined && (is === undefined || at(i + 1, j) >= at(i, j + 1))) {
      found.push({ way: 'gone', text: was, was: start + i + 1 })
      i += 1
    } else {
      found.push({ way: 'new', text: is ?? '', is: start + j + 1 })
      j += 1
    }
  }
  return found
}

/** The lines that differ and a few around them; a number stands for that many that are left out. */
export function brief(lines: Line[]): (Line | number)[] {
  const shown = new Set<number>()
  lines.forEach(({ way }, at) => {
    if (way !== 'same') for (let near = at - AROUND; near <= at + AROUND; near += 1) shown.add(near)
  })
  const found: (Line | number)[] = []
  lines.forEach((line, at) => {
    const last = found.at(-1)
    if (shown.has(at)) found.push(line)
    else if (typeof last === 'number') found[found.length - 1] = last + 1
    else found.push(1)
  })
  return found
}
