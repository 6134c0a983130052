/** A file on its way into a code bundle. */
export interface CodeEntry {
  path: string
  content: Blob
}

const BLOCK = 512
const NAME = 100
const PREFIX = 155
/** Folders that are never code, as `dais algorithm create` leaves them out. */
const LEFT_OUT = new Set(['.git', '.venv', 'venv', 'node_modules', '__pycache__', '.ipynb_checkpoints', 'target', 'mlruns'])

/** The files of a chosen folder, below the folder itself. */
export function entriesOf(files: File[]): CodeEntry[] {
  return files.flatMap((file) => {
    const whole = file.webkitRelativePath || file.name
    const path = file.webkitRelativePath ? whole.slice(whole.indexOf('/') + 1) : whole
    return path.split('/').some((part) => LEFT_OUT.has(part)) ? [] : [{ path, content: file }]
  })
}

/** The files as a tar archive (POSIX ustar): in the order of their names, without times, so that equal code is an equal bundle. */
export function tar(entries: CodeEntry[]): Blob {
  const parts: BlobPart[] = []
  for (const { path, content } of entries.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    parts.push(header(path, content.size), content)
    const over = content.size % BLOCK
    if (over > 0) parts.push(new Uint8Array(BLOCK - over))
  }
  parts.push(new Uint8Array(2 * BLOCK))
  return new Blob(parts)
}

function header(path: string, size: number): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(BLOCK)
  const encoder = new TextEncoder()
  const put = (at: number, text: string) => block.set(encoder.encode(text), at)
  const [prefix, name] = split(path)
  put(0, name)
  put(100, '0000644\0')
  put(108, '0000000\0')
  put(116, '0000000\0')
  put(124, `${size.toString(8).padStart(11, '0')}\0`)
  put(136, '00000000000\0')
  put(148, '        ')
  put(156, '0')
  put(257, 'ustar\u000000')
  put(345, prefix)
  const sum = block.reduce((total, byte) => total + byte, 0)
  put(148, `${sum.toString(8).padStart(6, '0')}\0 `)
  return block
}

/** A long path is kept in two parts. */
function split(path: string): [string, string] {
  const length = (text: string) => new TextEncoder().encode(text).length
  if (length(path) <= NAME) return ['', path]
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)]
    if (length(prefix) <= PREFIX && length(name) <= NAME) return [prefix, name]
  }
  throw new Error(path)
}
