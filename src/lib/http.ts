// Outgoing HTTP: one request with a deadline and a size cap, and its answer as a value; never throws, follows no redirect.
//
// On node:http(s) and not on fetch: 2.8 times the rate, and only here is it known whether bytes may have reached the peer.
import type http from 'node:http'
import type https from 'node:https'
import { codeOf, tlsCode, unreachableWords } from './connection-words.ts'
import { createTrustingAgent, type Trust } from './http-trust.ts'
import { createPile } from './pile.ts'
import { isPrivateAddress, publicLookup } from './private-address.ts'

export interface HttpRequest {
  readonly url: string
  /** Absent: POST with a body, GET without. */
  readonly method?: string
  readonly headers?: { readonly [name: string]: string }
  readonly body?: string | Uint8Array
  /** For everything together: name look-up, connection, answer. */
  readonly timeoutMs?: number
  /** Bytes of the answer's body that are read; the rest is cut. */
  readonly maxBytes?: number
  readonly signal?: AbortSignal
  /** False: loopback, private and link-local addresses are refused, for addresses that strangers may choose. */
  readonly allowPrivate?: boolean
  /** Of https: whom to believe instead of the authorities that everybody believes. */
  readonly trust?: Trust
}

export type HttpAnswer =
  | {
      readonly answered: true
      readonly status: number
      /** Lower-case names. */
      readonly headers: { readonly [name: string]: string }
      readonly body: string
      /** The body ends before its end: the peer broke off, or it was longer than `maxBytes`. */
      readonly cut?: true
    }
  | {
      readonly answered: false
      readonly reason: 'timeout' | 'unreachable' | 'tls' | 'misconfigured'
      /** Whether the request may have reached the peer all the same. */
      readonly maybeDelivered: boolean
      /** One sentence without secrets: of the address only its origin. */
      readonly detail: string
    }

export async function request(request: HttpRequest): Promise<HttpAnswer> {
  const url = URL.parse(request.url)
  const allowPrivate = request.allowPrivate ?? true
  if (!url || !/^https?:$/.test(url.protocol)) return misconfigured('The address is no http or https URL')
  if (!allowPrivate && isPrivateAddress(url.hostname)) return misconfigured(`${url.origin} is a private address`)
  await seeWhatClosed()
  if (request.signal?.aborted) return failed('timeout', false, `The request to ${url.origin} was called off`)
  try {
    return await exchange(url, request, allowPrivate)
  } catch (error) {
    return misconfigured(`The request to ${url.origin} cannot be made: ${codeOf(error)}`)
  }
}

function exchange(url: URL, options: HttpRequest, allowPrivate: boolean): Promise<HttpAnswer> {
  const { promise, resolve } = Promise.withResolvers<HttpAnswer>()
  const body = typeof options.body === 'string' ? Buffer.from(options.body) : options.body
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs
  const outgoing = moduleFor(url.protocol).request(url, {
    method: options.method ?? (body === undefined ? 'GET' : 'POST'),
    headers: { ...options.headers, ...(body === undefined ? {} : { 'content-length': body.byteLength }) },
    agent: agentFor(url.protocol, allowPrivate, options.trust),
    ...(allowPrivate ? {} : { lookup: publicLookup }),
  })
  let isConnected = false
  let incoming: Incoming | undefined

  const connected = () => (isConnected = true)
  const settle = (otherwise: () => HttpAnswer) => {
    clearTimeout(deadline)
    options.signal?.removeEventListener('abort', callOff)
    resolve(incoming ? incoming.toAnswer() : otherwise())
    if (!incoming?.isWhole) outgoing.destroy()
  }
  const giveUp = (after: string) => settle(() => toTimeout(url, isConnected, after))
  const callOff = () => giveUp('before the request was called off')
  const deadline = setTimeout(giveUp, timeoutMs, `within ${timeoutMs / 1000} s`)

  options.signal?.addEventListener('abort', callOff)
  outgoing.on('socket', (socket) => {
    if (outgoing.reusedSocket) connected()
    else socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', connected)
  })
  // A socket out of a proxy's tunnel comes connected already.
  outgoing.on('finish', connected)
  outgoing.on('error', (error) => settle(() => toFailure(url, isConnected, error)))
  outgoing.on('response', (response) => {
    incoming = collect(response, options.maxBytes ?? defaultMaxBytes, () => settle(unexpected))
  })
  outgoing.end(body)
  return promise
}

/** One whole turn of the event loop, so that no connection is reused whose end has arrived already. */
function seeWhatClosed(): Promise<void> {
  return new Promise((resolve) => setImmediate(setImmediate, resolve))
}

interface Incoming {
  readonly isWhole: boolean
  toAnswer(): HttpAnswer
}

/** Gathers an answer; `done` is called at its end, at the cap, and when the peer breaks off. */
function collect(response: http.IncomingMessage, maxBytes: number, done: () => void): Incoming {
  const pile = createPile()
  response.on('data', (chunk: Buffer) => {
    pile.add(chunk)
    if (pile.size > maxBytes) done()
  })
  response.on('close', done)
  response.on('error', done)
  return {
    get isWhole() {
      return response.complete && pile.size <= maxBytes
    },
    toAnswer() {
      const headers = Object.entries(response.headers).map(([name, value]) => [name, [value].flat().join(', ')])
      return {
        answered: true,
        status: response.statusCode ?? 0,
        headers: Object.fromEntries(headers),
        body: pile.toBuffer().subarray(0, maxBytes).toString('utf8'),
        ...(response.complete && pile.size <= maxBytes ? {} : { cut: true }),
      }
    },
  }
}

const defaultTimeoutMs = 15_000
const defaultMaxBytes = 64 * 1024

/** Shorter than the idle time of common servers: a connection closed under a request looks like a lost answer. */
const idleMs = 4000

type Protocol = 'http:' | 'https:'
const agents = new Map<string, http.Agent>()

/** Guarded connections have agents of their own, lest they be given one that was made without the guard. */
function agentFor(protocol: string, allowPrivate: boolean, trust: Trust | undefined): http.Agent {
  const believed = protocol === 'https:' ? trust : undefined
  const key = `${protocol} ${allowPrivate} ${believed === undefined ? '' : JSON.stringify(believed)}`
  const agent =
    agents.get(key) ??
    (believed === undefined ? createAgent(protocol as Protocol) : createTrustingAgent(believed, idleMs))
  agents.set(key, agent)
  return agent
}

function createAgent(protocol: Protocol): http.Agent {
  const isProxied = ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'].some((name) => process.env[name])
  const options = { keepAlive: true, timeout: idleMs, ...(isProxied ? { proxyEnv: process.env } : {}) }
  return new (moduleFor(protocol).Agent)(options)
}

/**
 * Not by `import`, which also runs the getters of all that the module exports and so loads fetch and WebSocket: 10 MB.
 * TLS is loaded on use.
 */
function moduleFor(protocol: string): typeof http | typeof https {
  return protocol === 'https:' ? process.getBuiltinModule('node:https') : process.getBuiltinModule('node:http')
}

function toTimeout(url: URL, isConnected: boolean, after: string): HttpAnswer {
  if (isConnected) return failed('timeout', true, `${url.origin} did not answer ${after}`)
  return failed('unreachable', false, `No connection to ${url.origin} ${after}`)
}

function toFailure(url: URL, isConnected: boolean, error: unknown): HttpAnswer {
  const code = codeOf(error)
  if (code === 'EPRIVATE') return misconfigured(`${url.hostname} is a private address`)
  if (isConnected) {
    const what = code.startsWith('HPE_')
      ? 'answered something that is no HTTP'
      : 'closed the connection without an answer'
    return failed('unreachable', true, `${url.origin} ${what} (${code})`)
  }
  if (tlsCode.test(code))
    return failed('tls', false, `The certificate or TLS of ${url.origin} was not accepted (${code})`)
  return failed('unreachable', false, `No connection to ${url.origin}: ${unreachableWords(code)}`)
}

function misconfigured(detail: string): HttpAnswer {
  return failed('misconfigured', false, detail)
}

function failed(
  reason: Extract<HttpAnswer, { answered: false }>['reason'],
  maybeDelivered: boolean,
  detail: string,
): HttpAnswer {
  return { answered: false, reason, maybeDelivered, detail }
}

function unexpected(): never {
  throw new Error('an answer is settled by itself')
}
