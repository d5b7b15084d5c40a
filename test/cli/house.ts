// A data folder with a small store, a hub that answers on it, and a terminal that remembers: what tests of commands need.
import { noAgents } from '../../src/http/door-for-tests.ts'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { runCli } from '../../src/cli/main.ts'
import type { ExitCode } from '../../src/cli/terminal.ts'
import { apiRoutes } from '../../src/http/api.ts'
import type { ApiDoor } from '../../src/http/api-door.ts'
import { toId } from '../../src/lib/id.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import type { HubEvent } from '../../src/words.ts'

export const at = Date.UTC(2026, 4, 10, 13, 12, 17)
export const firstSeq = 5000
export const eventId = toId(firstSeq)
export const deadId = toId(firstSeq + 3)

export interface Said {
  readonly code: ExitCode
  readonly out: string
  readonly error: string
}

/** Runs one command line in this process. */
export async function sereno(...words: readonly string[]): Promise<Said> {
  const out: string[] = []
  const error: string[] = []
  const code = await runCli(words, { out: (text) => out.push(text), error: (text) => error.push(text) })
  return { code, out: out.join('\n'), error: error.join('\n') }
}

export async function makeFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'sereno-cli-'))
}

/** One event that was told, one that was not, one message that was given up. */
export async function fillStore(folder: string): Promise<void> {
  const store = await openSqlite({ path: join(folder, 'sereno.db'), now: at })
  try {
    await store.commit({
      events: [event(0, 'kms.activation', 'WIN10'), event(1, 'kms.probe', 'esc\u001b[2J')],
      verdicts: [
        { event: firstSeq, rule: 'kms', channel: 'team', state: 'dead', by: 'outbox', reason: '', into: deadId, at },
      ],
      deliveries: [
        {
          id: deadId,
          seq: firstSeq + 3,
          channel: 'team',
          recipient: '',
          thread: 'team',
          kind: 'open',
          rule: 'kms',
          events: [firstSeq],
          severity: 'info',
          extra: {},
          state: 'dead',
          attempts: 3,
          unanswered: 0,
          createdAt: at,
          dueAt: at,
          expireAt: at + 1000,
          endedAt: at + 1000,
          lastReason: 'gone',
          lastDetail: 'the webhook was removed',
        },
      ],
    })
  } finally {
    await store.close()
  }
}

export interface FakeHub {
  readonly url: string
  /** Events that were posted. */
  readonly posted: unknown[]
  /** What `POST /api/v1/events` answers. */
  answer: { status: 202 | 400 | 503; body: object }
  [Symbol.asyncDispose](): Promise<void>
}

/** Serves the own API on the folder's store, as a hub that runs there does. */
export async function startFakeHub(folder: string, token = 'secret'): Promise<FakeHub> {
  const store = await openSqlite({ path: join(folder, 'sereno.db'), readOnly: true })
  const posted: unknown[] = []
  const app = new Hono()
  app.use(async (context, next) => {
    if (context.req.header('authorization') !== `Bearer ${token}`) return context.json({ error: 'no token' }, 401)
    return next()
  })
  app.post('/api/v1/events', async (context) => {
    posted.push(await context.req.json())
    return context.json(hub.answer.body, hub.answer.status)
  })
  app.route('/', apiRoutes(createDoor(store)))
  const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 })
  await new Promise<void>((resolve) => {
    if (server.listening) resolve()
    else server.once('listening', () => resolve())
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await writeHubFile(folder, url, process.pid)
  await writeFile(join(folder, 'token'), `${token}\n`, { mode: 0o600 })
  const hub: FakeHub = {
    url,
    posted,
    answer: { status: 202, body: { accepted: 1, duplicates: 0, invalid: [] } },
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        if ('closeAllConnections' in server) server.closeAllConnections()
      })
      await store.close()
    },
  }
  return hub
}

export async function writeHubFile(folder: string, url: string, pid: number): Promise<void> {
  await writeFile(join(folder, 'hub.json'), JSON.stringify({ url, pid, startedAt: at }))
}

export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true })
}

function createDoor(store: Store): ApiDoor {
  return {
    store,
    zone: 'UTC',
    rules: () => [],
    status: () => ({
      version: '0',
      startedAt: at,
      ready: true,
      problems: [],
      config: 'built-in',
      sources: [],
      channels: ['team'],
    }),
    retryDelivery: async (id) => ({ ok: true, message: `${id} is queued again.` }),
    draw: async ({ host, metric }) => ({ svg: `<svg>${host} ${metric}</svg>`, alt: 'a curve' }),
    toPng: async (svg) => Buffer.from(svg),
    forgetHost: (name) => store.forgetHost(name),
    closeCondition: async () => {},
    silence: async () => ({ ok: false, message: 'No.' }),
    endSilence: async () => ({ ok: false, message: 'No.' }),
    ack: async () => undefined,
    ask: async () => ({ ok: true, lines: ['All quiet.'] }),
    runSchedule: async (name) => ({ ok: false, message: `There is no schedule ${name}; there are none.` }),
    testChannel: async () => ({ ok: true, delivery: deadId }),
    agents: noAgents,
    reload: async () => ({ ok: true, message: 'in force' }),
  }
}

function event(offset: number, type: string, subject: string): HubEvent {
  const seq = firstSeq + offset
  return {
    seq,
    id: toId(seq),
    type,
    time: at,
    receivedAt: at,
    source: 'kms',
    host: 'h1',
    subject,
    severity: 'info',
    labels: {},
    data: {},
  }
}
