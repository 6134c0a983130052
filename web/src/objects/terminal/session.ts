import { ApiError, send } from '../../api/http'

/** A shell in a container, over the WebSocket protocol of `pods/exec`. */

const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io']
/** The best shell that there is. */
const SHELL = ['sh', '-c', 'command -v bash >/dev/null && exec bash; exec sh']
const STDIN = 0
const STDOUT = 1
const STDERR = 2
const ERROR = 3
const RESIZE = 4

export interface Place {
  project: string
  pod: string
  container: string
}

export interface Size {
  columns: number
  rows: number
}

/** How it went: `code` where the shell ended by itself, `error` where it was refused or lost. */
export interface End {
  code?: number
  error?: Error
}

export interface Session {
  type: (text: string) => void
  resize: (size: Size) => void
  close: () => void
}

export function addressOf({ project, pod, container }: Place): string {
  const query = new URLSearchParams([...SHELL.map((word) => ['command', word]), ['container', container], ['stdin', 'true'], ['stdout', 'true'], ['tty', 'true']])
  return `/k8s/api/v1/namespaces/${encodeURIComponent(project)}/pods/${encodeURIComponent(pod)}/exec?${query}`
}

/** A message: its channel, then its bytes. */
export function framed(channel: number, text: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(text)
  const message = new Uint8Array(1 + bytes.length)
  message[0] = channel
  message.set(bytes, 1)
  return message
}

interface Status {
  status?: string
  message?: string
  details?: { causes?: { reason?: string; message?: string }[] }
}

/** What the error channel says at the end. */
export function endOf(text: string): End {
  const status = JSON.parse(text) as Status
  if (status.status === 'Success') return { code: 0 }
  const code = Number(status.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message)
  return Number.isInteger(code) ? { code } : { error: new Error(status.message ?? text) }
}

export function start(place: Place, size: Size, print: (bytes: Uint8Array) => void, ended: (end: End) => void): Session {
  const address = addressOf(place)
  const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}${address}`, PROTOCOLS)
  socket.binaryType = 'arraybuffer'
  let opened = false
  let end: End | undefined
  const tell = (channel: number, text: string) => { if (socket.readyState === WebSocket.OPEN) socket.send(framed(channel, text)) }
  const resize = ({ columns, rows }: Size) => tell(RESIZE, JSON.stringify({ Width: columns, Height: rows }))
  socket.addEventListener('open', () => {
    opened = true
    resize(size)
  })
  socket.addEventListener('message', ({ data }: MessageEvent<ArrayBuffer>) => {
    const message = new Uint8Array(data)
    const rest = message.subarray(1)
    if (message[0] === STDOUT || message[0] === STDERR) print(rest)
    else if (message[0] === ERROR) end = endOf(new TextDecoder().decode(rest))
  })
  socket.addEventListener('close', () => {
    if (end || opened) ended(end ?? {})
    else void why(address).then((error) => ended({ error }))
  })
  return { type: (text) => tell(STDIN, text), resize, close: () => socket.close() }
}

/** A browser does not say why a WebSocket was refused: the same asked without one does. */
async function why(address: string): Promise<Error> {
  try {
    await send(address)
  } catch (error) {
    if (error instanceof Error && !(error instanceof ApiError && error.message.includes('an upgrade to WebSocket'))) return error
  }
  return new Error('the connection was not upgraded; a proxy in between may not pass WebSockets on')
}
