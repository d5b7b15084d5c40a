// Answers one request: who asks, what for, and then the source, the page or the API. The sources' way is kept short.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { toPlainAddress } from '../lib/cidr.ts'
import { loginPage } from '../page/login-page.ts'
import type { SourceRequest } from '../source.ts'
import { alwaysHeaders, refuse, write, writePage } from './answers.ts'
import type { Api } from './api-listener.ts'
import { type AccessToken, type Admission, type Gate, sessionMs } from './auth.ts'
import { type BodyReader, discardRest } from './body.ts'
import type { HubDoor, MountedRoute } from './door.ts'
import { comeAgain, toFailure } from './failure.ts'
import { healthAnswer } from './health.ts'
import { isPagePath } from './page-path.ts'
import { createRouteTable } from './routes.ts'

export interface FrontParts {
  readonly door: HubDoor
  readonly gate: Gate
  readonly bodies: BodyReader
  /** Loaded at the first request that may be for it: most hubs are asked rarely. */
  api(): Promise<Api>
  /** The cookie must not travel without TLS. */
  readonly secureCookie: boolean
  readonly maxBodyBytes: number
  /** How people reach this hub; known once it listens. */
  address(): string
}

interface Asked {
  readonly method: string
  readonly path: string
  /** What stands behind the question mark. */
  readonly search: string
  readonly remote: string
}

/** What a client may still send after an early answer, so that it gets to read it. */
const discardWithinMs = 2000
const metricsType = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }
const closed: readonly string[] = []

export function createFront({
  door,
  gate,
  bodies,
  api,
  secureCookie,
  maxBodyBytes,
  address,
}: FrontParts): RequestListener {
  const table = createRouteTable(door.routes)

  return (request, response) => {
    answer(request, response).catch((error: unknown) => fail(error, request, response))
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = readAsked(request)
    if (asked === undefined) return refuse(response, 400, 'The address asked for is no path; it begins with a slash.')
    const { method, path } = asked
    if (path === '/healthz' && isReading(method)) return write(response, healthAnswer(door.health(), 'live'))
    const route = table.find(method, path)
    if (route === undefined && isReading(method) && signIn(asked, response)) return
    const open = route?.open ?? (path === '/metrics' ? door.metricsOpen() : closed)
    const admission = gate.admit({ method, headers: request.headers, remote: asked.remote }, open, Date.now())
    if (!admission.ok) {
      if (route === undefined && isKnown(asked, request))
        return wrongMethod(asked, table.methodsOf(path), request, response)
      return turnAway(admission, asked, request, response)
    }
    const problem = limitsOf(admission.by, route)
    if (problem !== undefined) return early(request, response, 403, problem)
    if (route !== undefined) return askSource(route, asked, admission.by, request, response)
    if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) {
      return early(request, response, 413, `The body is larger than ${maxBodyBytes} bytes, and none is wanted here.`)
    }
    return askHub(asked, request, response)
  }

  /** Whether who may come in there without a token asks by another method; our own API has methods of its own. */
  function isKnown({ method, path, remote }: Asked, { headers }: IncomingMessage): boolean {
    const open = path.startsWith('/api/') ? closed : table.openOf(path)
    return open.length > 0 && gate.admit({ method, headers, remote }, open, Date.now()).ok
  }

  async function askSource(
    route: MountedRoute,
    { method, path, search, remote }: Asked,
    by: AccessToken | undefined,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const body = await bodies.read(request, response)
    if (!body.ok) {
      if (body.status === 0) return
      return early(request, response, body.status, body.error, body.status === 503 ? comeAgain : {})
    }
    try {
      const given: SourceRequest = {
        method,
        path,
        // Of all that Node keeps, only set-cookie is a list, and it is no header of requests.
        headers: request.headers as SourceRequest['headers'],
        get query() {
          return new URLSearchParams(search)
        },
        body: body.bytes,
        remote,
        ...(by === undefined ? {} : { by: by.name }),
      }
      write(response, await route.handler(given))
    } finally {
      body.release()
    }
  }

  async function askHub(asked: Asked, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, path, search } = asked
    if (isReading(method)) {
      if (path === '/readyz') return write(response, healthAnswer(door.health(), 'ready'))
      if (path === '/metrics')
        return write(response, { status: 200, body: await door.registry.text(), headers: metricsType })
      if (isPagePath(path)) {
        // Loaded at the first page: most hubs are looked at rarely.
        const { readPage } = await import('./pages.ts')
        const { status, html } = await readPage(door, path, search, address())
        return writePage(response, status, html)
      }
    }
    const own = path.startsWith('/api/') ? await api() : undefined
    const allowed = methodsOf(path, own)
    if (allowed.length > 0 && !allowed.includes(method)) return wrongMethod(asked, allowed, request, response)
    if (allowed.length === 0 || own === undefined) return missing(asked, request, response)
    for (const [name, value] of Object.entries(alwaysHeaders)) response.setHeader(name, value)
    await own.answer(request, response)
  }

  function methodsOf(path: string, own: Api | undefined): string[] {
    const isOwn = path === '/healthz' || path === '/readyz' || path === '/metrics' || isPagePath(path)
    const all = new Set([...table.methodsOf(path), ...(own?.methodsOf(path) ?? []), ...(isOwn ? ['GET'] : [])])
    return [...all].flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
  }

  /** `?token=` on a page becomes a cookie, and leaves the address bar and the history. */
  function signIn({ path, search }: Asked, response: ServerResponse): boolean {
    if (!search.includes('token=') || !isPagePath(path)) return false
    const query = new URLSearchParams(search)
    const token = query.get('token')
    if (token === null) return false
    const value = gate.session(token.trim(), Date.now())
    if (value === undefined) {
      writePage(response, 401, loginPage('The token is wrong, or it is not one that may see this page.', false), bearer)
      return true
    }
    query.delete('token')
    const attributes = `Path=/; HttpOnly; SameSite=Strict; Max-Age=${sessionMs / 1000}${secureCookie ? '; Secure' : ''}`
    write(response, {
      status: 303,
      body: '',
      headers: {
        location: query.size === 0 ? path : `${path}?${query.toString()}`,
        'set-cookie': `${gate.cookieName}=${value}; ${attributes}`,
      },
    })
    return true
  }

  function fail(failed: unknown, request: IncomingMessage, response: ServerResponse): void {
    const { method = '', url = '' } = request
    const { status, error, headers } = toFailure(failed, { method, path: pathOf(url) }, door.log)
    if (response.headersSent) return void response.destroy()
    early(request, response, status, error, headers)
  }
}

const bearer = { 'www-authenticate': 'Bearer realm="sereno"' }
const anyScheme = { 'www-authenticate': 'Bearer realm="sereno", Basic realm="sereno", charset="UTF-8"' }

function turnAway(
  { status, error }: Extract<Admission, { ok: false }>,
  { method, path }: Asked,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { accept, 'sec-fetch-site': site, cookie } = request.headers
  const isPerson = isReading(method) && accept?.includes('text/html') === true && !path.startsWith('/api/')
  if (status !== 401 || !isPerson) return early(request, response, status, error, status === 401 ? anyScheme : {})
  // Browsers hold a strict cookie back when a link of another site was followed; our own page then asks once more.
  const again = cookie === undefined && site === 'cross-site'
  writePage(response, 401, loginPage(error, again), bearer)
}

/** Why a token that may write to some sources may not do this. */
function limitsOf(by: AccessToken | undefined, route: MountedRoute | undefined): string | undefined {
  if (by?.enrols === true && route?.for !== 'enrolment')
    return 'This code is good for enrolling a host, and for nothing else.'
  if (by?.enrols !== true && route?.for === 'enrolment')
    return 'A host enrols with a code: sereno hosts enrol NAME makes one.'
  if (by?.sources === undefined || by.enrols === true) return undefined
  if (route?.for === 'agents' && by.sources.some((source) => source.startsWith(`${by.name}/`))) return undefined
  if (route !== undefined && route.for === undefined && by.sources.includes(route.source)) return undefined
  return `The token "${by.name}" may only be used for ${by.sources.join(', ')}.`
}

function wrongMethod(
  { method, path }: Asked,
  allowed: readonly string[],
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const error = `${method} is not possible at ${shown(path)}; ${allowed.join(', ')} ${allowed.length > 1 ? 'are' : 'is'}.`
  early(request, response, 405, error, { allow: allowed.join(', ') })
}

async function missing({ method, path }: Asked, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const sentence = `There is nothing at ${shown(path)}.`
  if (isReading(method) && request.headers.accept?.includes('text/html') === true) {
    const { missingPage } = await import('../page/event-page.ts')
    return writePage(response, 404, missingPage(sentence))
  }
  early(request, response, 404, sentence)
}

/** An answer that may come before the whole request is here. */
function early(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  error: string,
  headers: { readonly [name: string]: string } = {},
): void {
  refuse(response, status, error, headers)
  discardRest(request, discardWithinMs)
}

function readAsked(request: IncomingMessage): Asked | undefined {
  const { url = '', method = '' } = request
  if (!url.startsWith('/')) return undefined
  const mark = url.indexOf('?')
  return {
    method,
    path: mark < 0 ? url : url.slice(0, mark),
    search: mark < 0 ? '' : url.slice(mark + 1),
    remote: toPlainAddress(request.socket.remoteAddress ?? ''),
  }
}

function isReading(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}

/** Without the query: it may hold a token. */
function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? ''
}

function shown(path: string): string {
  return path.slice(0, 200)
}
