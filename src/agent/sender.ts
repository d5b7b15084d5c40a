// Tells the hub what the buffer holds, oldest first; asks at least every ten seconds what is to be looked up; keeps all when it cannot.
import { randomBytes } from 'node:crypto'
import type { HttpAnswer, HttpRequest } from '../lib/http.ts'
import type { Log } from '../source.ts'
import { type AgentAnswer, agentPath, type AgentRecheck, contactMs } from '../source-agent.ts'
import type { AgentBuffer, BufferClock, BufferedBatch } from './buffer.ts'

export interface SenderOptions {
  readonly hub: string
  readonly buffer: AgentBuffer
  /** Read before each request, so that it can be replaced; throws a sentence when there is none. */
  token(): string
  /** What is said of this host with each request. */
  readonly about: { readonly host: string; readonly bootId?: string; readonly machineId?: string }
  readonly clock: BufferClock
  recheck(one: AgentRecheck): Promise<void>
  request(request: HttpRequest): Promise<HttpAnswer>
  readonly log: Log
}

export interface Sender {
  /** Something new is in the buffer. */
  wake(): void
  /** Says what is left, if that is quick. */
  stop(): Promise<void>
}

const mostItems = 500
const mostBytes = 256 * 1024
/** What a backlog takes of the line and of the hub at most: a full buffer is told within minutes. */
const bytesPerSecond = 1024 * 1024
/** What is emitted within this time goes together. */
const gatherMs = 250
const againMs = 100
const firstBackoffMs = 1000
const longestBackoffMs = 60_000
const longestRetryAfterMs = 300_000
const timeoutMs = 30_000
const lastWordMs = 300
/** Ids of rechecks that are not to be done a second time. */
const mostSeen = 1000
/** What refuses one of this size is no limit of a hub's, and may be gone tomorrow. */
const smallItem = 64 * 1024

interface Refusal {
  readonly kind: 'silent' | 'unauthorised' | 'busy' | 'too-large'
  readonly detail: string
  readonly retryMs?: number
}

export function startSender(options: SenderOptions): Sender {
  const { buffer, clock, log, hub } = options
  const run = randomBytes(9).toString('base64url')
  const stopping = new AbortController()
  const seen = new Set<string>()
  const got = new Set<string>()
  const unanswered = new Set<string>()
  let most = mostItems
  let failures = 0
  let outage: { readonly since: number; kind: Refusal['kind'] } | undefined
  /** Ends the pause that is on. */
  let endPause: (() => void) | undefined
  let mayWake = false
  let isWanted = false

  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      const startedAt = performance.now()
      const sent = await exchange(timeoutMs, stopping.signal)
      if (isAborted(stopping.signal)) return
      if (sent === 'again') await pause(againMs, false)
      else if (typeof sent === 'object') await pause(backoff(sent), false)
      else if (buffer.count > 0) await pause((sent / bytesPerSecond) * 1000 - (performance.now() - startedAt), false)
      else if (got.size === 0 && unanswered.size === 0) await quiet()
    }
  }

  /** Until there is something to tell, or it is time to ask. */
  async function quiet(): Promise<void> {
    // A little early and not all at once: thousands of agents ask the same hub.
    if (!isWanted) await pause(contactMs * (0.85 + Math.random() * 0.1), true)
    if (isWanted) await pause(gatherMs, false)
    isWanted = false
  }

  /** Tells one batch. Bytes that were told, `again` when another one is to be tried at once, or why it could not be. */
  async function exchange(withinMs: number, signal?: AbortSignal): Promise<number | 'again' | Refusal> {
    const batch = buffer.oldest(most, mostBytes)
    const asked = { got: [...got], unanswered: [...unanswered] }
    const body = toBody(batch, asked)
    const answer = await ask(body, withinMs, signal)
    if (!('acked' in answer)) return refuse(answer, batch)
    for (const id of asked.got) got.delete(id)
    for (const id of asked.unanswered) unanswered.delete(id)
    hear()
    most = Math.min(mostItems, most * 2)
    lookUp(answer.rechecks)
    if (batch === undefined) return 0
    return buffer.told(batch.buffer, answer.acked) ? body.length : 'again'
  }

  function toBody(batch: BufferedBatch | undefined, asked: { got: string[]; unanswered: string[] }): string {
    const items = batch?.items ?? []
    const uptimeMs = clock.sinceBoot()
    const head = {
      buffer: batch?.buffer ?? run,
      first: batch?.first ?? 1,
      sentAt: clock.now(),
      ...options.about,
      ...(uptimeMs === undefined ? {} : { uptimeSeconds: uptimeMs / 1000 }),
      run,
      ...(buffer.count > items.length ? { more: true } : {}),
      ...asked,
    }
    return `${JSON.stringify(head).slice(0, -1)},"items":[${items.map((item) => item ?? 'null').join(',')}]}`
  }

  async function ask(body: string, withinMs: number, signal?: AbortSignal): Promise<AgentAnswer | Refusal> {
    let token: string
    try {
      token = options.token()
    } catch (error) {
      return { kind: 'unauthorised', detail: error instanceof Error ? error.message : String(error) }
    }
    const answer = await options.request({
      url: hub + agentPath,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body,
      timeoutMs: withinMs,
      maxBytes: 1024 * 1024,
      ...(signal === undefined ? {} : { signal }),
    })
    if (!answer.answered) return { kind: 'silent', detail: answer.detail }
    const said = parse(answer.body)
    if (answer.status === 202 && said !== undefined && isAnswer(said)) return said
    const { status } = answer
    const detail = `it answered ${status}${typeof said?.['error'] === 'string' ? `: ${said['error']}` : ''}`
    if (status === 401 || status === 403) return { kind: 'unauthorised', detail }
    if (status === 413) return { kind: 'too-large', detail }
    const seconds = Number(answer.headers['retry-after'])
    const retry = seconds > 0 ? { retryMs: Math.min(seconds * 1000, longestRetryAfterMs) } : {}
    return { kind: 'busy', detail, ...retry }
  }

  /** What is too large must not hold up the rest: halves are tried, and in the end a single large item is given up. */
  function refuse(refused: Refusal, batch: BufferedBatch | undefined): Refusal | 'again' {
    if (refused.kind === 'too-large' && batch !== undefined) {
      if (batch.items.length > 1) {
        most = Math.ceil(batch.items.length / 2)
        return 'again'
      }
      if ((batch.items[0]?.length ?? 0) > smallItem) {
        buffer.giveUp(batch.first)
        log.error('one item was given up: it is larger than the hub takes', { detail: refused.detail })
        return 'again'
      }
    }
    if (outage?.kind !== refused.kind) {
      const what = refused.kind === 'unauthorised' ? 'does not let this agent in' : 'cannot be told'
      log.warn(`the hub at ${hub} ${what}: ${refused.detail}; what is seen is kept until it can`)
    }
    outage = { since: outage?.since ?? performance.now(), kind: refused.kind }
    return refused
  }

  function hear(): void {
    failures = 0
    if (outage === undefined) return
    const seconds = Math.round((performance.now() - outage.since) / 1000)
    log.info(`the hub at ${hub} is told again, after ${seconds} s; ${buffer.count} items waited`)
    outage = undefined
  }

  function lookUp(rechecks: readonly AgentRecheck[]): void {
    for (const one of rechecks) {
      got.add(one.id)
      if (seen.has(one.id)) continue
      seen.add(one.id)
      if (seen.size > mostSeen) seen.delete([...seen][0] ?? '')
      options.recheck(one).catch((error: unknown) => {
        log.warn(`${one.name} ${one.key} could not be looked up`, { error: String(error) })
        unanswered.add(one.id)
        wake()
      })
    }
  }

  function backoff({ retryMs }: Refusal): number {
    const waitMs = Math.min(firstBackoffMs * 2 ** failures, longestBackoffMs)
    failures += 1
    return (retryMs ?? waitMs) * (0.75 + Math.random() * 0.5)
  }

  async function pause(ms: number, untilWoken: boolean): Promise<void> {
    if (ms <= 0 || stopping.signal.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, ms)
    endPause = resolve
    mayWake = untilWoken
    await promise
    clearTimeout(timer)
  }

  function wake(): void {
    isWanted = true
    if (mayWake) endPause?.()
  }

  const running = loop()
  return {
    wake,
    async stop() {
      stopping.abort()
      endPause?.()
      await running
      if (buffer.count > 0 && outage === undefined) await exchange(lastWordMs)
    },
  }
}

function parse(text: string): { readonly [name: string]: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as { [name: string]: unknown }) : undefined
  } catch {
    return undefined
  }
}

function isAnswer(value: object): value is AgentAnswer {
  const { acked, rechecks } = value as { readonly acked?: unknown; readonly rechecks?: unknown }
  return Number.isSafeInteger(acked) && Array.isArray(rechecks)
}

/** A function, because the signal changes while we wait. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted
}
