// Finds who answers a request, once it is clear that the sender may ask: a source's route, the metrics, the API, the page.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { toPlainAddress } from '../lib/cidr.ts'
import { contentType } from '../lib/metrics.ts'
import { loginPage } from '../page/login-page.ts'
import { NotStored, type SourceRequest, type SourceResponse } from '../source.ts'
import { alwaysHeaders, refuse, write, writePage } from './answers.ts'
import { apiRoutes } from './api.ts'
import { isLoopbackAddress, sessionMs, type Admission, type Gate } from './auth.ts'
import { discardRest, type Body, type BodyReader } from './body.ts'
import type { HubDoor, MountedRoute } from './door.ts'
import { healthAnswer } from './health.ts'
import { showPage } from './pages.ts'
import type { Access } from './server.ts'

export interface RouterTools {
  readonly door: HubDoor
  readonly bodies: BodyReader
  access(): Access
  gate(): Gate
  /** Whether the server itself does TLS. */
  readonly secure: boolean
}

/** A request with what everybody asks of it. */
interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly method: string
  readonly path: string
  /** Without the question mark. */
  readonly query: string
  readonly remote: string
}

const discardWithinMs = 5000
const retryAfter = { 'retry-after': '5' }
const nowhere: readonly string[] = []

export function createRouter(tools: RouterTools): (request: IncomingMessage, response: ServerResponse) => void {
  const { door, bodies } = tools
  const api = createApi(door)
  const requests = door.registry.metric(
    'counter',
    'sereno_http_requests_total',
    'Requests answered, by way in and status.',
  )

  async function answer(exchange: Exchange): Promise<void> {
    const { method, path, remote, response } = exchange
    const isGet = method === 'GET' || method === 'HEAD'
    const mounted = door.routes.filter((route) => route.path === path)
    const route = mounted.find((one) => one.method === method)
    const open = path === '/metrics' ? tools.access().openMetrics : (route ?? mounted[0])?.open
    if (path !== '/healthz' && isGet && exchange.query.includes('token=') && enterByLink(exchange)) return
    const admission = tools
      .gate()
      .admit({ ...exchange, headers: exchange.request.headers }, open ?? nowhere, Date.now())
    if (path === '/healthz' && isGet) {
      const detailed = admission.ok || isLoopbackAddress(remote)
      return write(response, healthAnswer(door.health(), 'live', detailed))
    }
    if (!admission.ok) return turnAway(exchange, admission)
    const only = admission.by?.sources
    if (only !== undefined && !(route && only.includes(route.source))) {
      return refuse(response, 403, `The token ${admission.by?.name} may only write to ${only.join(', ') || 'nothing'}.`)
    }
    if (route) return serveRoute(exchange, route)
    if (path === '/metrics' && isGet) {
      return write(response, {
        status: 200,
        body: await door.registry.text(),
        headers: { 'content-type': contentType },
      })
    }
    if (path === '/readyz' && isGet) return write(response, healthAnswer(door.health(), 'ready', true))
    if (path.startsWith('/api/')) return serveApi(exchange)
    if (isGet && (await showPage(door, exchange.request, response, path, tools.secure))) return
    const allowed = isPagePath(path) ? ['GET', 'HEAD'] : mounted.map((one) => one.method)
    if (allowed.length === 0) return refuse(response, 404, `There is nothing at ${path.slice(0, 200)}.`)
    refuse(response, 405, `${path} takes ${allowed.join(', ')} only.`, { allow: allowed.join(', ') })
  }

  async function serveRoute(exchange: Exchange, route: MountedRoute): Promise<void> {
    const { request, response, method, path, query, remote } = exchange
    const body = await readBody(request, response)
    if (!body) return
    try {
      // Only set-cookie is a list, and no request has it.
      const headers = request.headers as SourceRequest['headers']
      const asked = { method, path, headers, query: new URLSearchParams(query), body: body.bytes, remote }
      write(response, await callRoute(route, asked))
    } finally {
      body.release()
    }
  }

  async function callRoute(route: MountedRoute, asked: SourceRequest): Promise<SourceResponse> {
    try {
      return await route.handler(asked)
    } catch (error) {
      if (!(error instanceof NotStored)) throw error
      const sentence = `It could not be stored (${error.message}); nothing of it was kept, send it again later.`
      return { status: 503, body: { error: sentence }, headers: retryAfter }
    }
  }

  async function serveApi({ request, response, method }: Exchange): Promise<void> {
    if (method === 'GET' || method === 'HEAD') return api(request, response)
    const body = await readBody(request, response)
    if (!body) return
    try {
      await api(Object.assign(request, { rawBody: body.bytes }), response)
    } finally {
      body.release()
    }
  }

  /** Undefined when it was refused, which is answered then. */
  async function readBody(
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<(Body & { ok: true }) | undefined> {
    const body = await bodies.read(request, response)
    if (body.ok) return body
    if (body.status === 0) return void response.destroy()
    const headers = body.status === 503 ? retryAfter : body.status === 408 ? { connection: 'close' } : {}
    refuse(response, body.status, body.error, headers)
    discardRest(request, discardWithinMs)
    return undefined
  }

  /** `?token=` once: it becomes a cookie and leaves the address. */
  function enterByLink({ request, response, path, query }: Exchange): boolean {
    const parameters = new URLSearchParams(query)
    const session = tools.gate().session(parameters.get('token') ?? '', Date.now())
    if (session === undefined) return false
    parameters.delete('token')
    const rest = parameters.size === 0 ? '' : `?${parameters.toString()}`
    const secure = tools.secure || isBehindTls(tools.access().url, request.headers.host) ? '; Secure' : ''
    const cookie = `${tools.gate().cookieName}=${session}; Path=/; Max-Age=${sessionMs / 1000}; HttpOnly; SameSite=Strict${secure}`
    // One slash: two would name another site.
    const location = `/${path.replace(/^[/\\]+/, '')}${rest}`
    write(response, { status: 303, body: '', headers: { location, 'set-cookie': cookie } })
    return true
  }

  return (request, response) => {
    const url = request.url ?? ''
    const mark = url.indexOf('?')
    const path = mark < 0 ? url : url.slice(0, mark)
    const query = mark < 0 ? '' : url.slice(mark + 1)
    const remote = toPlainAddress(request.socket.remoteAddress ?? '')
    const exchange = { request, response, method: request.method ?? '', path, query, remote }
    response.once('finish', () => {
      discardRest(request, discardWithinMs)
      requests.add(1, { path: countedPath(door, path, response.statusCode), code: String(response.statusCode) })
    })
    if (!path.startsWith('/')) return refuse(response, 400, 'Ask for a path that begins with a slash.')
    answer(exchange).catch((error: unknown) => {
      door.log.error(`answering ${exchange.method} ${path.slice(0, 200)} failed`, { error: describe(error) })
      if (response.headersSent) return response.destroy()
      refuse(response, 500, 'Something went wrong in the hub; its log says what. The hub goes on.')
    })
  }
}

/** A person gets a page, a program a sentence; both are told how to send the token. */
function turnAway({ request, response, method, path }: Exchange, admission: Admission & { ok: false }): void {
  const { status, error } = admission
  const isPerson = method === 'GET' && (request.headers.accept ?? '').includes('text/html')
  if (status === 401 && isPerson && !path.startsWith('/api/')) {
    const again = request.headers['sec-fetch-site'] === 'cross-site'
    return writePage(response, status, loginPage(error, again), { 'www-authenticate': 'Bearer realm="Sereno"' })
  }
  const ways = 'Bearer realm="Sereno", Basic realm="Sereno", charset="UTF-8"'
  refuse(response, status, error, status === 401 ? { 'www-authenticate': ways } : {})
}

function createApi(door: HubDoor): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const app = new Hono()
  app.use(async (context, next) => {
    await next()
    for (const [name, value] of Object.entries(alwaysHeaders)) context.header(name, value)
  })
  app.route('/', apiRoutes(door))
  app.notFound((context) => {
    const error = `There is nothing at ${context.req.method} ${context.req.path.slice(0, 200)}; /api/v1/openapi.json lists what there is.`
    return context.json({ error }, 404)
  })
  app.onError((failure, context) => {
    door.log.error(`answering ${context.req.method} ${context.req.path.slice(0, 200)} failed`, {
      error: describe(failure),
    })
    if (failure.name === 'StoreFailed' || failure instanceof NotStored) {
      return context.json(
        { error: `The store could not do it (${failure.message}); try again later.` },
        503,
        retryAfter,
      )
    }
    return context.json({ error: 'Something went wrong in the hub; its log says what. The hub goes on.' }, 500)
  })
  return getRequestListener(app.fetch, { overrideGlobalObjects: false })
}

function isPagePath(path: string): boolean {
  return ['/', '/metrics', '/healthz', '/readyz'].includes(path) || path.startsWith('/events/')
}

/** Paths from outside are unbounded; those that lead somewhere are few. */
function countedPath(door: HubDoor, path: string, status: number): string {
  if (door.routes.some((route) => route.path === path)) return path
  if (path.startsWith('/api/')) return '/api/'
  if (path.startsWith('/events/')) return '/events/'
  return isPagePath(path) && status !== 404 ? path : 'other'
}

function isBehindTls(hubUrl: string | undefined, host: string | undefined): boolean {
  const url = hubUrl === undefined ? null : URL.parse(hubUrl)
  return url?.protocol === 'https:' && url.host === host
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
