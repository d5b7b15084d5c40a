// What the doubles of fediverse servers share: a server on loopback, its record of requests, scripted failures, streams.
// None of them is the software itself: each is written from that software's API documentation, and refuses what it refuses.
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

export interface Asked {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: { readonly [name: string]: string | string[] | undefined }
  readonly body: Buffer
  /** The parsed body, of JSON and forms. */
  readonly fields: { readonly [name: string]: unknown }
}

export interface Said {
  readonly status: number
  readonly body?: unknown
  readonly headers?: { readonly [name: string]: string }
}

/** Instead of what the software would do. */
export type Failure = Said | 'hang' | 'reset'

/** What a person sees. */
export interface Shown {
  readonly id: string
  text: string
  spoiler: string
  readonly visibility: string
  readonly replyTo?: string
  readonly pictures: readonly { readonly alt: string; readonly bytes: number }[]
  readonly contentType?: string
  readonly visibleTo?: readonly string[]
  readonly sensitive: boolean
  readonly language?: string
}

export interface Mention {
  readonly acct: string
  readonly text: string
  readonly visibility?: string
  readonly displayName?: string
  readonly type?: string
}

export interface FediverseDouble extends AsyncDisposable {
  readonly url: string
  readonly host: string
  readonly token: string
  /** In order. */
  readonly posts: readonly Shown[]
  readonly asked: readonly Asked[]
  /** The next requests for a path that begins so. */
  fail(path: string, ...failures: readonly Failure[]): void
  /** As an account's owner does in the settings. */
  revoke(): void
  /** Somebody mentions the account; the ids of the notification and the post. */
  mention(mention: Mention): { readonly id: string; readonly status: string }
  remove(id: string): void
  /** Open streams; `cut` ends them all as a restart of the server does. */
  readonly streams: { readonly open: number; cut(): void }
  close(): Promise<void>
}

export interface Core {
  readonly server: Server
  readonly asked: Asked[]
  fail(path: string, ...failures: readonly Failure[]): void
  send(event: object): void
  readonly streams: FediverseDouble['streams']
  readonly url: string
  readonly host: string
  close(): Promise<void>
}

export interface CoreOptions {
  handle(asked: Asked): Said
  /** Whether a stream is opened to who shows this token for this stream; absent: there are no streams. */
  stream?(token: string, stream: string): boolean
}

export async function startCore({ handle, stream }: CoreOptions): Promise<Core> {
  const asked: Asked[] = []
  const failures: { readonly path: string; readonly failure: Failure }[] = []
  const open = new Set<Socket>()
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      const one = toAsked(request, body)
      asked.push(one)
      const at = failures.findIndex(({ path }) => one.path.startsWith(path))
      const [failed] = at < 0 ? [] : failures.splice(at, 1)
      if (failed?.failure === 'hang') return
      if (failed?.failure === 'reset') return request.socket.resetAndDestroy()
      answer(response, failed?.failure ?? handle(one))
    }, ignoreBroken)
  })
  server.on('upgrade', (request: IncomingMessage, socket: Socket) => {
    const url = new URL(request.url ?? '/', 'http://double')
    const protocol = String(request.headers['sec-websocket-protocol'] ?? '')
    const token = protocol === '' ? (url.searchParams.get('access_token') ?? '') : protocol
    const isTaken =
      url.pathname.startsWith('/api/v1/streaming') && stream?.(token, url.searchParams.get('stream') ?? '')
    socket.on('error', () => {})
    if (isTaken !== true)
      return socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
    accept(socket, String(request.headers['sec-websocket-key']), protocol)
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    socket.on('data', (data: Buffer) => {
      // A frame that says goodbye; whatever else a client says is of no interest.
      if (((data[0] ?? 0) & 0x0f) === 8) socket.end(Buffer.from([0x88, 0]))
    })
  })
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    server,
    asked,
    url: `http://${host}`,
    host,
    fail: (path, ...more) => void failures.push(...more.map((failure) => ({ path, failure }))),
    send: (event) => {
      for (const socket of open) socket.write(toFrame(JSON.stringify(event)))
    },
    streams: {
      get open() {
        return open.size
      },
      cut: () => {
        for (const socket of open) socket.destroy()
      },
    },
    close: async () => {
      if (!server.listening) return
      const { promise: closed, resolve: done } = Promise.withResolvers<void>()
      server.close(() => done())
      server.closeAllConnections()
      for (const socket of open) socket.destroy()
      await closed
    },
  }
}

/** RFC 6455, section 4.2.2. */
function accept(socket: Socket, key: string, protocol: string): void {
  const accepted = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  const named = protocol === '' ? '' : `Sec-WebSocket-Protocol: ${protocol}\r\n`
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accepted}\r\n${named}\r\n`,
  )
}

function toFrame(text: string): Buffer {
  const body = Buffer.from(text)
  const head =
    body.length < 126 ? Buffer.from([0x81, body.length]) : Buffer.from([0x81, 126, body.length >> 8, body.length & 255])
  return Buffer.concat([head, body])
}

function answer(response: ServerResponse, { status, body, headers = {} }: Said): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers })
  response.end(body === undefined ? '' : JSON.stringify(body))
}

function toAsked(request: IncomingMessage, body: Buffer): Asked {
  const url = new URL(request.url ?? '/', 'http://double')
  const type = request.headers['content-type'] ?? ''
  return {
    method: request.method ?? '',
    path: url.pathname,
    query: url.searchParams,
    headers: request.headers,
    body,
    fields: readFields(type, body),
  }
}

function readFields(type: string, body: Buffer): { readonly [name: string]: unknown } {
  if (type.startsWith('application/x-www-form-urlencoded'))
    return Object.fromEntries(new URLSearchParams(body.toString()))
  if (type.startsWith('multipart/form-data')) return readParts(type, body)
  try {
    const value = JSON.parse(body.toString() || '{}') as unknown
    return typeof value === 'object' && value !== null ? (value as { readonly [name: string]: unknown }) : {}
  } catch {
    return {}
  }
}

/** Text parts by name; of a file its type and size. */
function readParts(type: string, body: Buffer): { readonly [name: string]: unknown } {
  const boundary = /boundary=([^;]+)/.exec(type)?.[1] ?? ''
  const fields: { [name: string]: unknown } = {}
  for (const part of body.toString('latin1').split(`--${boundary}`).slice(1, -1)) {
    const end = part.indexOf('\r\n\r\n')
    const head = part.slice(0, end)
    const content = Buffer.from(part.slice(end + 4, -2), 'latin1')
    const name = /[ ;]name="([^"]*)"/.exec(head)?.[1] ?? ''
    const isFile = head.includes('filename=')
    fields[name] = isFile
      ? { type: /content-type: *(\S+)/i.exec(head)?.[1], bytes: content.length }
      : content.toString()
  }
  return fields
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** A client that goes away in the middle of its request is no fault of ours. */
function ignoreBroken(error: unknown): void {
  if ((error as { readonly code?: string }).code !== 'ECONNRESET') throw error
}

/** What a reader takes for one character. */
export function graphemes(text: string): number {
  return [...new Intl.Segmenter('en').segment(text)].length
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
