// A hub's door over a few rows in memory, and a server in front of it, for the tests of this room.
import { connect, type Socket } from 'node:net'
import { toId } from '../lib/id.ts'
import { createRegistry } from '../lib/metrics.ts'
import type { HostRow } from '../store/store.ts'
import type { RouteHandler } from '../source.ts'
import type { HostStore } from '../engine/look-hosts.ts'
import type { LookStore } from '../engine/look.ts'
import type { HubEvent, Verdict } from '../words.ts'
import type { ApiDoor } from './api-door.ts'
import type { Health, HubDoor, MountedRoute } from './door.ts'
import { createServer, type HttpOptions, type HttpServer } from './server.ts'

export const noAgents: ApiDoor['agents'] = {
  list: () => [],
  invite: async () => ({ ok: false, message: 'No.' }),
  revoke: async () => ({ ok: false, message: 'No.' }),
  restore: async () => ({ ok: false, message: 'No.' }),
}
export const token = 'first-token-0123456789'
export const limited = 'limited-token-0123456789'
export const at = Date.UTC(2026, 4, 10, 13, 12, 17)
const first = 1000

interface Asked extends Omit<RequestInit, 'headers'> {
  readonly headers?: { readonly [name: string]: string }
}

export interface TestHub extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly door: HubDoor & { routes: MountedRoute[]; state: Health }
  readonly server: HttpServer
  readonly store: TestStore
  /** What was logged, in order. */
  readonly logged: string[]
  ask(path: string, init?: RequestInit): Promise<Response>
  /** With the token. */
  askAs(path: string, init?: Asked): Promise<Response>
}

export async function startTestHub(options: Partial<HttpOptions> = {}): Promise<TestHub> {
  const store = createTestStore()
  const logged: string[] = []
  const note = (message: string, fields?: object): void =>
    void logged.push(`${message} ${JSON.stringify(fields ?? {})}`)
  const door: TestHub['door'] = {
    store,
    zone: 'Europe/Madrid',
    registry: createRegistry(),
    log: { info: note, warn: note, error: note },
    routes: [],
    state: { live: true, ready: true, checks: [] },
    health: () => door.state,
    metricsOpen: () => [],
    rules: () => [],
    status: () => ({
      version: '1.2.3',
      startedAt: at,
      ready: true,
      problems: [],
      config: 'built-in',
      sources: ['message'],
      channels: ['team'],
    }),
    retryDelivery: async () => ({ ok: false, message: 'No.' }),
    draw: async () => ({ svg: '<svg class="graph"></svg>', alt: 'a curve' }),
    toPng: async (svg) => Buffer.from(svg),
    forgetHost: async () => false,
    closeCondition: async () => {},
    silence: async () => ({ ok: false, message: 'No.' }),
    endSilence: async () => ({ ok: false, message: 'No.' }),
    ack: async () => undefined,
    ask: async () => ({ ok: true, lines: ['All quiet.'] }),
    runSchedule: async (name) => ({ ok: false, message: `There is no schedule ${name}; there are none.` }),
    testChannel: async () => ({ ok: false, message: 'No.' }),
    agents: noAgents,
    reload: async () => ({ ok: true, message: 'nothing changed' }),
  }
  const server = createServer({
    listen: { host: '127.0.0.1', port: 0 },
    maxBodyBytes: 4 * 1024 * 1024,
    tokens: [
      { name: 'first', token },
      { name: 'backups', token: limited, sources: ['backups'] },
    ],
    door,
    ...options,
  })
  const { url } = await server.listen()
  const ask: TestHub['ask'] = (path, init) => fetch(`${url}${path}`, { redirect: 'manual', ...init })
  return {
    url,
    port: Number(new URL(url).port),
    door,
    server,
    store,
    logged,
    ask,
    askAs: (path, init) => ask(path, { ...init, headers: { ...init?.headers, authorization: `Bearer ${token}` } }),
    async [Symbol.asyncDispose]() {
      await server.close()
    },
  }
}

export interface TestStore extends LookStore, HostStore {
  /** What is known of hosts. */
  readonly known: HostRow[]
  keep(rows: { readonly events?: readonly HubEvent[]; readonly verdicts?: readonly Verdict[] }): void
}

function createTestStore(): TestStore {
  const events: HubEvent[] = []
  const verdicts: Verdict[] = []
  const known: HostRow[] = []
  return {
    known,
    hosts: async () => known,
    host: async (name) => known.find((host) => host.name === name),
    history: async ({ from }) => ({ stepSeconds: 600, points: [[from, 1, 2, 2, 2]] }),
    keep(rows) {
      events.push(...(rows.events ?? []))
      verdicts.push(...(rows.verdicts ?? []))
    },
    events: async ({ limit, beforeSeq = Infinity }) =>
      events
        .filter(({ seq }) => seq < beforeSeq)
        .toSorted((one, other) => other.seq - one.seq)
        .slice(0, limit),
    event: async (id) => events.find((event) => event.id === id),
    verdicts: async (seqs) => verdicts.filter(({ event }) => seqs.includes(event)),
    deliveries: async () => [],
    delivery: async () => undefined,
    states: async () => [],
    totals: async () => ({ events: events.length, verdicts: {}, deliveries: [], bytes: 0 }),
  }
}

export function mount(handler: RouteHandler, change: Partial<MountedRoute> = {}): MountedRoute {
  return { source: 'message', method: 'POST', path: '/message', open: [], handler, ...change }
}

export function someEvent(offset: number, change: Partial<HubEvent> = {}): HubEvent {
  const seq = first + offset
  return {
    seq,
    id: toId(seq),
    type: 'message',
    time: at + offset * 60_000,
    receivedAt: at + offset * 60_000,
    source: 'message',
    severity: 'info',
    labels: {},
    data: {},
    ...change,
  }
}

export function someVerdict(offset: number, change: Partial<Verdict> = {}): Verdict {
  return {
    event: first + offset,
    rule: 'all',
    channel: 'team',
    state: 'delivered',
    by: 'outbox',
    reason: '',
    at,
    ...change,
  }
}

/** A bare connection, for what no HTTP client would send. */
export interface Wire {
  readonly socket: Socket
  send(text: string | Buffer): void
  /** All that came until the other side closed. */
  readonly closed: Promise<string>
  /** What has come so far, once it matches. */
  until(pattern: RegExp): Promise<string>
}

export function openWire(port: number): Wire {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  const waiting: (() => void)[] = []
  const { promise: closed, resolve } = Promise.withResolvers<string>()
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => {
    text += chunk
    for (const look of waiting) look()
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    resolve(text)
    for (const look of waiting) look()
  })
  return {
    socket,
    send: (bytes) => void socket.write(bytes),
    closed,
    until: (pattern) =>
      new Promise((done, fail) => {
        const look = (): void => {
          if (pattern.test(text)) done(text)
          else if (socket.destroyed) fail(new Error(`closed after ${JSON.stringify(text)}`))
        }
        waiting.push(look)
        look()
      }),
  }
}
