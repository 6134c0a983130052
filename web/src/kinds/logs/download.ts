import { searchPage, type LogFilter, type LogLine, type LogWindow, type SortValue } from '../../api/logs'

/** More lines than this are for a program, through the same search. */
export const MOST_LINES = 100_000
const PAGE = 2000

export type Format = 'text' | 'ndjson'

export function written(line: LogLine, format: Format): string {
  if (format === 'text') return `${line['@timestamp']} ${(line.severity ?? '-').toUpperCase()} ${line.pod ?? '-'} ${line.message}`
  const { sort: _sort, ...rest } = line
  return JSON.stringify(rest)
}

interface Wanted {
  filter: LogFilter
  window: LogWindow
  format: Format
  /** Lines fetched, of so many. */
  progress: (done: number, total: number) => void
  signal: AbortSignal
}

/** All lines of a search up to MOST_LINES, newest first, as one file. */
export async function collected({ filter, window, format, progress, signal }: Wanted): Promise<Blob> {
  const parts: string[] = []
  let after: SortValue[] | undefined
  let done = 0
  let total = 0
  for (;;) {
    const page = await searchPage({ filter, window, size: Math.min(PAGE, MOST_LINES - done), after }, signal)
    if (!after) total = Math.min(MOST_LINES, page.total)
    for (const line of page.lines) parts.push(written(line, format), '\n')
    done += page.lines.length
    progress(done, Math.max(total, done))
    after = page.lines.at(-1)?.sort
    if (!after || page.lines.length < PAGE || done >= MOST_LINES) break
  }
  return new Blob(parts, { type: format === 'text' ? 'text/plain' : 'application/x-ndjson' })
}

export function handOver(file: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(file)
  link.download = name
  link.click()
  URL.revokeObjectURL(link.href)
}
