// A scripted stand-in for Slack's incoming webhooks: refuses what Slack documents to refuse, and fails as the network does.
// https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
// As a program: `node slack-double.ts [--script '["ok",{"do":"slow","ms":50}]']` prints its port, then answers
// GET /double/received, POST /double/script (a list of steps) and POST /double/otherwise (one step); ends with SIGTERM.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { refusalOf } from './slack-rules.ts'

/** What to do with one request; those that name no status judge the payload first, as Slack does. */
export type Step =
  | 'ok'
  | 'rate-limited'
  | 'server-error'
  | 'hang'
  | 'reset'
  | 'half'
  | 'redirect'
  | { readonly do: 'rate-limited'; readonly retryAfter?: string | number }
  | { readonly do: 'slow'; readonly ms: number }
  /** Any answer. */
  | { readonly do: 'answer'; readonly status: number; readonly body?: string; readonly headers?: Headers }
  /** Status line and head, then half of the body, then a broken connection. */
  | { readonly do: 'half'; readonly status: number }

type Headers = { readonly [name: string]: string }

export interface Received {
  /** Milliseconds since 1970 with fractions, when the whole request was read. */
  readonly at: number
  readonly path: string
  readonly headers: { readonly [name: string]: string | string[] | undefined }
  readonly body: string
  /** The parsed body, when it is JSON. */
  readonly payload: unknown
  /** What was answered; absent while it hangs or when the connection was broken without an answer. */
  status?: number
  /** A person sees it in the channel. */
  posted: boolean
}

export interface SlackDouble extends AsyncDisposable {
  /** A webhook's address. */
  readonly url: string
  readonly port: number
  readonly received: readonly Received[]
  /** What people would see, in order. */
  readonly posts: readonly Received[]
  /** The next requests, one step each; after them `otherwise`. */
  script(...steps: readonly Step[]): void
  otherwise(step: Step): void
  /** Resolves as soon as so many requests were read. */
  waitFor(count: number): Promise<readonly Received[]>
  /** Refuses connections, and later takes them again on the same port. */
  down(): Promise<void>
  up(): Promise<void>
  close(): Promise<void>
}

const hookPath = '/services/T00000000/B00000000/sEcReTsEcReTsEcReTsEcReT'

export async function startSlackDouble(options: { readonly port?: number } = {}): Promise<SlackDouble> {
  const received: Received[] = []
  let steps: Step[] = []
  let always: Step = 'ok'
  let waiting: { readonly count: number; readonly resolve: (all: readonly Received[]) => void }[] = []

  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      if (request.url?.startsWith('/double/')) return control(request, body, response)
      const got = toReceived(request, body)
      received.push(got)
      answer(steps.shift() ?? always, got, request, response)
      const due = waiting.filter(({ count }) => received.length >= count)
      waiting = waiting.filter(({ count }) => received.length < count)
      for (const { resolve } of due) resolve(received)
    }, ignoreBroken)
  })

  function control({ url, method }: IncomingMessage, body: string, response: ServerResponse): void {
    if (url === '/double/script' && method === 'POST') steps.push(...(JSON.parse(body) as Step[]))
    if (url === '/double/otherwise' && method === 'POST') always = JSON.parse(body) as Step
    response.setHeader('content-type', 'application/json').end(JSON.stringify(received))
  }

  const port = await listen(server, options.port ?? 0)
  return {
    url: `http://127.0.0.1:${port}${hookPath}`,
    port,
    received,
    get posts() {
      return received.filter(({ posted }) => posted)
    },
    script: (...more) => {
      steps = [...steps, ...more]
    },
    otherwise: (step) => {
      always = step
    },
    waitFor: (count) => {
      if (received.length >= count) return Promise.resolve(received)
      const { promise, resolve } = Promise.withResolvers<readonly Received[]>()
      waiting.push({ count, resolve })
      return promise
    },
    down: () => stop(server),
    up: async () => void (await listen(server, port)),
    close: () => stop(server),
    [Symbol.asyncDispose]: () => stop(server),
  }
}

function answer(step: Step, got: Received, request: IncomingMessage, response: ServerResponse): void {
  const plan = typeof step === 'string' ? { do: step } : step
  switch (plan.do) {
    case 'hang':
      return
    case 'reset':
      request.socket.resetAndDestroy()
      return
    case 'ok':
      return judge(got, request, response)
    case 'slow':
      setTimeout(judge, (plan as { ms: number }).ms, got, request, response).unref()
      return
    case 'rate-limited': {
      const { retryAfter } = plan as { retryAfter?: string | number }
      return end(got, response, 429, 'rate_limited', retryAfter === undefined ? {} : { 'retry-after': `${retryAfter}` })
    }
    case 'server-error':
      return end(got, response, 500, 'rollup_error')
    case 'redirect':
      return end(got, response, 302, '', { location: 'https://elsewhere.example/services/secret' })
    case 'half':
      got.status = (plan as { status?: number }).status ?? 200
      got.posted = got.status === 200
      response.writeHead(got.status, { 'content-type': 'text/html', 'content-length': 2 })
      response.write('o', () => request.socket.destroy())
      return
    case 'answer': {
      const { status, body = '', headers = {} } = plan as Extract<Step, { do: 'answer' }>
      return end(got, response, status, body, headers)
    }
  }
}

function judge(got: Received, request: IncomingMessage, response: ServerResponse): void {
  const refusal = got.path === hookPath ? refusalOf(request.method ?? '', got.body) : ([404, 'no_service'] as const)
  if (refusal) return end(got, response, refusal[0], refusal[1])
  got.posted = true
  end(got, response, 200, 'ok')
}

function end(got: Received, response: ServerResponse, status: number, body: string, headers: Headers = {}): void {
  got.status = status
  response.writeHead(status, { 'content-type': 'text/html', ...headers }).end(body)
}

function toReceived(request: IncomingMessage, body: string): Received {
  const at = performance.timeOrigin + performance.now()
  return { at, path: request.url ?? '', headers: request.headers, body, payload: parse(body), posted: false }
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

async function listen(server: Server, port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject).listen(port, '127.0.0.1', resolve)
  await promise
  server.off('error', reject)
  return (server.address() as AddressInfo).port
}

async function stop(server: Server): Promise<void> {
  if (!server.listening) return
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  server.closeAllConnections()
  await promise
}

/** A client that goes away in the middle of its request is no fault of ours. */
function ignoreBroken(error: unknown): void {
  if ((error as { readonly code?: string }).code !== 'ECONNRESET') throw error
}

if (import.meta.main) {
  const double = await startSlackDouble()
  const script = process.argv[process.argv.indexOf('--script') + 1]
  if (process.argv.includes('--script') && script !== undefined) double.script(...(JSON.parse(script) as Step[]))
  console.log(double.port)
  process.once('SIGTERM', () => void double.close())
}
