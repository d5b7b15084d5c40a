// The hub's own sign of life: pings an outside address, but only after a test event went all the way to a loop-back channel.
import type { Engine } from '../engine/engine.ts'
import type { Sender } from '../engine/lane.ts'
import type { ChannelFacts } from '../engine/judge.ts'
import { fromId } from '../lib/id.ts'
import type { HttpAnswer, HttpRequest } from '../lib/http.ts'
import type { Log } from '../source.ts'

/** Not a name that a config can have. */
export const loopback = '(loop-back)'

export interface HeartbeatOptions {
  readonly url: string
  readonly everyMs: number
}

export interface HeartbeatTools {
  readonly engine: Engine
  readonly log: Log
  request(request: HttpRequest): Promise<HttpAnswer>
  /** Read at each beat, so that a reload counts. */
  options(): HeartbeatOptions | undefined
}

const defaultEveryMs = 60_000
const passesWithinMs = 30_000
/** The last messages that came through; a beat looks for its own. */
const arrived = new Set<number>()
const waiting = new Map<number, () => void>()

/** Ends in this process: a message has passed the intake, the judge, the store and the outbox when it comes here. */
export const loopbackSender: Sender = {
  concurrency: 1,
  minIntervalMs: 0,
  render: (delivery) => [{ title: 'self-test', text: delivery.id, payload: null }],
  async send(_part, delivery) {
    for (const event of delivery.events) {
      arrived.add(event)
      waiting.get(event)?.()
    }
    return { ok: true }
  },
}

export const loopbackFacts: ChannelFacts = { recipients: [''], expireAfterMs: 60_000, idempotency: true }

/** Returns what stops it. */
export function startHeartbeat(tools: HeartbeatTools): () => void {
  let timer: NodeJS.Timeout
  let failing = false
  const plan = (): void => {
    timer = setTimeout(() => void run(), tools.options()?.everyMs ?? defaultEveryMs)
    timer.unref()
  }
  const run = async (): Promise<void> => {
    const options = tools.options()
    const problem = options === undefined ? undefined : await beat(tools, options)
    if (problem !== undefined && !failing) tools.log.warn(`the heartbeat was not sent: ${problem}`)
    failing = problem !== undefined
    plan()
  }
  plan()
  return () => clearTimeout(timer)
}

/** What went wrong, as a sentence; undefined when the address was pinged. */
async function beat({ engine, request }: HeartbeatTools, { url }: HeartbeatOptions): Promise<string | undefined> {
  try {
    const event = { type: 'sereno.self-test', data: {} }
    const { id } = await engine.command({ name: 'tell', channel: loopback, event, rule: '(self-test)' })
    const seq = fromId(id ?? '')
    if (seq === undefined || !(await arrives(seq))) return 'a test event did not come through in time'
  } catch (error) {
    return `a test event could not be stored (${error instanceof Error ? error.message : String(error)})`
  }
  const answer = await request({ url, method: 'GET', timeoutMs: 10_000 })
  if (!answer.answered) return answer.detail
  return answer.status >= 200 && answer.status < 300 ? undefined : `the address answered ${answer.status}`
}

async function arrives(event: number): Promise<boolean> {
  if (!arrived.delete(event)) {
    const came = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), passesWithinMs)
      waiting.set(event, () => {
        clearTimeout(timer)
        resolve(true)
      })
    })
    waiting.delete(event)
    arrived.delete(event)
    return came
  }
  return true
}
