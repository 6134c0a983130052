/**
 * One way to speak to the backends, and one shape for what goes wrong: whatever
 * answers (portal, Kubernetes, MLflow, Prometheus, Elasticsearch), a failure
 * becomes an ApiError with words, causes and a hint.
 */
export interface Cause {
  field?: string
  message: string
}

export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly reason = '',
    readonly hint = '',
    readonly causes: Cause[] = [],
  ) {
    super(message)
    this.name = 'ApiError'
  }
}

interface Options {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  body?: unknown
  contentType?: string
  signal?: AbortSignal
  headers?: Record<string, string>
}

/** Reasons of our own: nothing came back, or nothing that could be read. The message is the address. */
export const UNREACHABLE = 'Unreachable'
export const NOT_JSON = 'NotJson'

let csrf = ''
let onSignedOut: () => void = () => undefined

export function setCsrf(value: string): void {
  csrf = value
}

/** Called when any backend answers 401: the session may be over. */
export function whenSignedOut(handler: () => void): void {
  onSignedOut = handler
}

export async function send(path: string, options: Options = {}): Promise<Response> {
  const { method = 'GET', body, contentType = 'application/json', signal, headers = {} } = options
  const all: Record<string, string> = { accept: 'application/json', ...headers }
  if (method !== 'GET') all['x-dais-csrf'] = csrf
  if (body !== undefined) all['content-type'] = contentType
  let response: Response
  try {
    response = await fetch(path, {
      method,
      headers: all,
      signal: signal ?? null,
      body: body === undefined ? null : typeof body === 'string' || body instanceof Blob ? body : JSON.stringify(body),
    })
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause
    throw new ApiError(0, path.split('?')[0] ?? path, UNREACHABLE)
  }
  if (response.ok) return response
  if (response.status === 401 && !path.startsWith('/api/session')) onSignedOut()
  throw await failure(response)
}

export async function request<T>(path: string, options: Options = {}): Promise<T> {
  const response = await send(path, options)
  const text = await response.text()
  if (text === '') return undefined as T
  try {
    return JSON.parse(text) as T
  } catch {
    throw new ApiError(response.status, path.split('?')[0] ?? path, NOT_JSON)
  }
}

async function failure(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => '')
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    body = undefined
  }
  return fromBody(response.status, body, text || response.statusText)
}

type Fields = Record<string, unknown>
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null
const word = (value: unknown): string => (typeof value === 'string' ? value : '')

/** Reads the error shapes of the backends that we speak to. */
export function fromBody(status: number, body: unknown, text: string): ApiError {
  if (!isFields(body)) return new ApiError(status, text.slice(0, 400) || `HTTP ${status}`)
  const inner = body.error
  if (isFields(inner)) {
    const message = word(inner.reason) || word(inner.message) || text.slice(0, 400)
    const field = word(inner.field)
    return new ApiError(status, message, word(inner.type) || word(inner.code), word(inner.hint), field ? [{ field, message }] : [])
  }
  if (body.kind === 'Status') return fromStatus(status, body)
  const [first] = Array.isArray(body.errors) ? body.errors.filter(isFields) : []
  if (first) return new ApiError(status, word(first.msg) || text.slice(0, 400))
  const message = word(body.message) || word(inner) || text.slice(0, 400)
  return new ApiError(status, message, word(body.error_code) || word(body.errorType) || word(body.code), word(body.hint))
}

function fromStatus(status: number, body: Fields): ApiError {
  const details = isFields(body.details) ? body.details : {}
  const causes = Array.isArray(details.causes) ? details.causes.filter(isFields) : []
  return new ApiError(
    status,
    word(body.message),
    word(body.reason),
    word(details.hint),
    causes.map((cause) => ({ field: word(cause.field), message: word(cause.message) })),
  )
}

/** `{a: 1, b: undefined}` → `?a=1`. */
export function query(parameters: Record<string, string | number | boolean | undefined>): string {
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== '') search.set(key, String(value))
  }
  const text = search.toString()
  return text ? `?${text}` : ''
}
