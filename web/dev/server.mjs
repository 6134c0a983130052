// Development only: the pages with made-up backends, or in front of a real dais.
//   node dev/server.mjs             pages from source, made-up backends
//   node dev/server.mjs --dist      pages as built
//   DAIS_URL=http://… node dev/server.mjs   pages from source, real backends
import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer, request as forward } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { alertmanager } from './alertmanager.mjs'
import { data } from './data.mjs'
import { jaeger } from './jaeger.mjs'
import { kube } from './kube.mjs'
import { ledger } from './ledger.mjs'
import { search, tail } from './logs.mjs'
import { mlflow } from './mlflow.mjs'
import { portal } from './portal.mjs'
import { prometheus } from './prometheus.mjs'
import { rules } from './rules.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const port = Number(process.env.PORT ?? 5173)
const real = process.env.DAIS_URL ? new URL(process.env.DAIS_URL) : undefined
const BACKENDS = /^\/((api|k8s|prometheus|alertmanager|elasticsearch|jaeger|labeling|mlflow|data|v1)\/|feedback$)/

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' }

async function read(request) {
  const parts = []
  for await (const part of request) parts.push(part)
  const text = Buffer.concat(parts).toString()
  try { return text ? JSON.parse(text) : undefined } catch { return undefined }
}

async function backend(request, response, url) {
  request.user = /dais-dev=([^;\s]+)/.exec(request.headers.cookie ?? '')?.[1]
  const body = await read(request)
  const answer = dispatch(request, response, url, body)
  if (!answer) return
  response.writeHead(answer.code, { 'content-type': 'application/json', ...answer.headers })
  response.end(answer.body === undefined ? undefined : JSON.stringify(answer.body))
}

function dispatch(request, response, { pathname, searchParams: query }, body) {
  if (pathname.startsWith('/api/ledger/') && request.user) return ledger(request.method, pathname.slice(12), query, body, request.user)
  if (pathname.startsWith('/api/')) return portal(request, pathname.slice(5), body)
  if (!request.user) return { code: 401, body: { error: { reason: 'not signed in' } } }
  if (pathname.startsWith('/k8s/')) return kube(request, response, pathname.slice(4), query, body)
  if (/^\/prometheus\/api\/v1\/(rules|alerts)$/.test(pathname)) return rules(pathname, request.user)
  if (pathname.startsWith('/alertmanager/api/v2/')) return alertmanager(request.method, pathname.slice(21), request.user, body)
  if (pathname.startsWith('/prometheus/')) return prometheus(pathname, query, request.user === 'empty')
  const index = /^\/elasticsearch\/(?:([^/]+)\/)?_search$/.exec(pathname)
  if (index) return search(body, index[1])
  if (pathname === '/elasticsearch/_tail') return tail(request, response, query)
  if (pathname.startsWith('/jaeger/api/')) return jaeger(pathname.slice(12), query)
  if (pathname.startsWith('/data/')) return data(pathname, request.method, body)
  const [, project, path] = /^\/mlflow\/p\/([^/]+)\/api\/2\.0\/(?:mlflow\/)?(.+)$/.exec(pathname) ?? []
  return path ? mlflow(project, path, query, body, request.method, request.user) : { code: 404, body: { error: { reason: pathname } } }
}

function proxy(request, response) {
  const through = forward({ host: real.hostname, port: real.port, path: request.url, method: request.method, headers: { ...request.headers, host: real.host, ...(request.headers.origin && { origin: real.origin }) } }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(response)
  })
  through.on('error', () => response.writeHead(502).end())
  request.pipe(through)
}

function built(response, pathname) {
  const wanted = join(root, 'dist', normalize(pathname))
  const file = existsSync(wanted) && statSync(wanted).isFile() ? wanted : join(root, 'dist', 'index.html')
  response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' })
  createReadStream(file).pipe(response)
}

// Each server keeps to itself, so that several can run side by side.
const vite = process.argv.includes('--dist') ? undefined : await (await import('vite')).createServer({ root, cacheDir: join(tmpdir(), `dais-vite-${port}`), server: { middlewareMode: true, hmr: { port: port + 10_000 } }, appType: 'spa' })
const server = createServer((request, response) => {
  const url = new URL(request.url, 'http://localhost')
  if (!BACKENDS.test(url.pathname)) return vite ? vite.middlewares(request, response) : built(response, url.pathname)
  if (real) return proxy(request, response)
  backend(request, response, url).catch((error) => {
    console.error(error)
    if (!response.headersSent) response.writeHead(500)
    response.end()
  })
})
server.listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))
