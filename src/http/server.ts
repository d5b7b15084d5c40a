// The hub's server: listens, bounds what clients may hold open, and closes within seconds.
import { readFileSync } from 'node:fs'
import { createServer as createPlain, type Server, type ServerOptions } from 'node:http'
import { createServer as createSecure } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Api } from './api-listener.ts'
import { type AccessToken, createGate, type Gate, isLoopbackAddress } from './auth.ts'
import { createBodyReader } from './body.ts'
import { refuseRaw, watchUnanswered } from './bad-request.ts'
import type { HubDoor } from './door.ts'
import { createFront } from './front.ts'

export interface HttpOptions {
  readonly listen: { readonly host: string; readonly port: number }
  /** Paths of PEM files. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
  /** How people reach the hub, if not by its address. */
  readonly url?: string | undefined
  readonly maxBodyBytes: number
  readonly tokens: readonly AccessToken[]
  readonly door: HubDoor
  /** How long the headers, and then a body, may take to arrive. */
  readonly headersDeadlineMs?: number
  readonly bodyDeadlineMs?: number
  readonly maxConnections?: number
}

export interface HttpServer {
  /** Where programs on this machine reach it, once it listens. */
  readonly url: string
  /** Throws an `Error` with a sentence for people when it cannot listen there. */
  listen(): Promise<{ readonly url: string }>
  /** Puts other tokens into force, from the next request on. */
  useTokens(tokens: readonly AccessToken[]): void
  close(): Promise<void>
}

const headersWithinMs = 10_000
const mostConnections = 2000
const idleMs = 5000
const closeWithinMs = 2000
/** Bodies in memory at once: what thousands of clients could otherwise fill. */
const leastBodyRoom = 64 * 1024 * 1024

export function createServer(options: HttpOptions): HttpServer {
  const { listen, tls, url: publicUrl, maxBodyBytes, tokens, door } = options
  const { headersDeadlineMs = headersWithinMs, bodyDeadlineMs = 30_000, maxConnections = mostConnections } = options
  let url = ''
  let api: Promise<Api> | undefined
  let gate: Gate | undefined
  const server = createNodeServer(tls, {
    headersTimeout: headersDeadlineMs,
    requestTimeout: headersWithinMs + bodyDeadlineMs,
    connectionsCheckingInterval: Math.min(1000, headersDeadlineMs),
    keepAliveTimeout: idleMs,
    maxHeaderSize: 16 * 1024,
    noDelay: true,
  })
  const limits = {
    bytes: maxBodyBytes,
    deadlineMs: bodyDeadlineMs,
    allBytes: Math.max(leastBodyRoom, 4 * maxBodyBytes),
  }
  server.maxConnections = maxConnections
  sayWhenFull(server, door, maxConnections)

  function start(port: number): void {
    const isPrivate = listen.host === 'localhost' || isLoopbackAddress(listen.host)
    gate = createGate(tokens, { loopback: isPrivate, hubUrl: publicUrl, cookieName: `sereno-${port}` })
    const front = createFront({
      door,
      gate,
      bodies: createBodyReader(() => limits),
      api: () => (api ??= import('./api-listener.ts').then(({ createApi }) => createApi(door))),
      secureCookie: tls !== undefined || publicUrl?.startsWith('https:') === true,
      maxBodyBytes,
      address: () => publicUrl ?? url,
    })
    const unanswered = watchUnanswered()
    const handle: typeof front = (request, response) => {
      unanswered.note(request.socket, response)
      if (!server.listening) response.shouldKeepAlive = false
      front(request, response)
    }
    server.on('request', handle)
    // Whoever asks first whether the body is wanted is told so once it is: see the body reader.
    server.on('checkContinue', handle)
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) =>
      refuseRaw(error, socket, unanswered.has(socket)),
    )
  }

  return {
    async listen() {
      await bind(server, listen)
      const { port } = server.address() as AddressInfo
      url = addressOf(listen.host, port, tls !== undefined)
      start(port)
      return { url }
    },
    get url() {
      return url
    },
    useTokens: (next) => gate?.useTokens(next),
    async close() {
      if (!server.listening) return
      const { promise, resolve } = Promise.withResolvers<void>()
      server.close(() => resolve())
      server.closeIdleConnections()
      const timer = setTimeout(() => server.closeAllConnections(), closeWithinMs)
      await promise
      clearTimeout(timer)
    },
  }
}

function createNodeServer(tls: HttpOptions['tls'], limits: ServerOptions): Server {
  if (tls === undefined) return createPlain(limits)
  const [cert, key] = [readPem(tls.cert, 'certificate'), readPem(tls.key, 'key')]
  try {
    return createSecure({ ...limits, cert, key, handshakeTimeout: headersWithinMs, minVersion: 'TLSv1.2' })
  } catch (error) {
    throw new Error(`The certificate ${tls.cert} and the key ${tls.key} cannot be used: ${wordsOf(error)}.`, {
      cause: error,
    })
  }
}

function readPem(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new Error(`The ${what} ${path} of hub.tls cannot be read: ${wordsOf(error)}.`, { cause: error })
  }
}

async function bind(server: Server, { host, port }: HttpOptions['listen']): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const failed = (error: NodeJS.ErrnoException): void => {
    const place = `${host.includes(':') ? `[${host}]` : host}:${port}`
    const words = listenErrors[error.code ?? ''] ?? wordsOf(error)
    reject(new Error(`The hub cannot listen on ${place}: ${words}.`, { cause: error }))
  }
  server.once('error', failed)
  server.listen({ host, port, backlog: 1024 }, resolve)
  await promise
  server.off('error', failed)
}

const listenErrors: { readonly [code: string]: string } = {
  EADDRINUSE: 'another program has that port, perhaps another hub; stop it, or choose another with hub.listen',
  EACCES: 'this user may not take that port; choose one above 1023 with hub.listen',
  EADDRNOTAVAIL: 'this machine has no such address; give one of its own in hub.listen',
  ENOTFOUND: 'the name has no address; give an address in hub.listen',
}

/** Where programs on this machine reach it. */
function addressOf(host: string, port: number, secure: boolean): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http${secure ? 's' : ''}://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}

const fullWordEveryMs = 60_000

/** Idle connections make room for new ones; once a minute the log says that it had to be. */
function sayWhenFull(server: Server, { log }: HubDoor, most: number): void {
  let saidAt = -Infinity
  server.on('drop', () => {
    server.closeIdleConnections()
    if (performance.now() - saidAt < fullWordEveryMs) return
    saidAt = performance.now()
    log.warn(`${most} connections are open, which is the most; new ones are turned away until some end`)
  })
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
