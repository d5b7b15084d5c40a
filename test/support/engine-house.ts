// An engine with a store in place, channels that answer as told, and a wall clock that can be stepped against the time that passes.
import { createVirtualClock, type Clock } from '../../src/engine/clock.ts'
import type { Ask } from '../../src/engine/draft.ts'
import { createEngine, type Engine } from '../../src/engine/engine.ts'
import type { ChannelFacts, Judge } from '../../src/engine/judge.ts'
import type { Sender } from '../../src/engine/lane.ts'
import type { Rule } from '../../src/rule.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import type { Delivery, HubEvent, NewEvent, Outcome, Verdict } from '../../src/words.ts'

export const facts: ChannelFacts = { recipients: [''], expireAfterMs: 86_400_000, idempotency: false }
export const down: Outcome = { ok: false, reason: 'unreachable', retry: true, maybeDelivered: false, detail: 'down' }
export const refused: Outcome = { ok: false, reason: 'rejected', retry: false, maybeDelivered: false, detail: 'bad' }

export function rule(name: string, changes: Partial<Rule> = {}): Rule {
  return { name, on: ['a'], where: [], to: ['one'], stop: false, ...changes }
}

export function judgeOf(
  rules: readonly Rule[],
  channels: { readonly [name: string]: ChannelFacts },
  extra: Partial<Judge> = {},
): Judge {
  return {
    rules,
    channels: new Map(Object.entries(channels)),
    sources: new Map(),
    types: new Map(),
    watches: [],
    mutes: [],
    ...extra,
  }
}

export interface Sent {
  readonly channel: string
  readonly at: number
  readonly delivery: Delivery
  /** What it was rendered from. */
  readonly events: readonly HubEvent[]
  readonly ok: boolean
}

export class EngineHouse implements AsyncDisposable {
  readonly store: Store
  readonly clock: Clock
  /** What a channel answers; absent: ok. */
  readonly answers = new Map<string, Outcome>()
  readonly sent: Sent[] = []
  /** A channel answers no sooner. */
  gate: Promise<void> | undefined
  /** What the engine itself could not do. */
  readonly failures: string[] = []
  /** What watches wanted looked up. */
  readonly asked: Ask[] = []
  engine: Engine
  #judge: Judge
  #skewMs = 0
  readonly #passing = createVirtualClock(1_700_000_000_000)

  static async open(judge: Judge): Promise<EngineHouse> {
    const house = new EngineHouse(await openSqlite({ path: ':memory:' }), judge)
    await house.engine.start(house.#senders(), {})
    return house
  }

  constructor(store: Store, judge: Judge) {
    this.store = store
    this.#judge = judge
    this.clock = {
      now: () => this.#passing.now() + this.#skewMs,
      at: (at, action) => this.#passing.at(at - this.#skewMs, action),
    }
    this.engine = this.#begin()
  }

  async emit(...events: readonly Partial<NewEvent>[]): Promise<void> {
    const receivedAt = this.clock.now()
    await this.engine.submit(
      events.map((event) => ({ kind: 'event', source: 's', event: { type: 'a', ...event }, receivedAt })),
    )
    await this.settle()
  }

  async pass(ms: number): Promise<void> {
    await this.#passing.advance(this.#passing.now() + ms, () => this.settle())
  }

  /** Somebody sets the wall clock, and the hub notices. */
  async stepClock(byMs: number): Promise<void> {
    this.#skewMs += byMs
    await this.engine.command({ name: 'clock-jump', byMs })
    await this.settle()
  }

  async restart(): Promise<void> {
    await this.engine.stop(0)
    this.engine = this.#begin()
    await this.engine.start(this.#senders(), {})
    await this.settle()
  }

  /** Stopped for so long, as over a night, and perhaps started with another config. */
  async away(ms: number, judge?: Judge): Promise<void> {
    await this.engine.stop(0)
    await this.pass(ms)
    this.#judge = judge ?? this.#judge
    this.engine = this.#begin()
    await this.engine.start(this.#senders(), judge === undefined ? {} : { changed: true })
    await this.settle()
  }

  async reload(judge: Judge): Promise<void> {
    this.#judge = judge
    await this.engine.reload(judge, this.#senders(), { reloaded: true })
    await this.settle()
  }

  async settle(): Promise<void> {
    do await new Promise((resolve) => setImmediate(resolve))
    while (!this.engine.idle)
  }

  /** As `channel kind state`, oldest first. */
  async deliveries(): Promise<string[]> {
    const all = await this.store.deliveries({ limit: 10_000 })
    return all.toReversed().map(({ channel, kind, state }) => `${channel} ${kind} ${state}`)
  }

  async verdicts(): Promise<readonly Verdict[]> {
    const events = await this.store.events({ limit: 10_000, ascending: true })
    return this.store.verdicts(events.map((event) => event.seq))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine.stop(0)
    await this.store.close()
  }

  #begin(): Engine {
    return createEngine({
      store: this.store,
      clock: this.clock,
      judge: this.#judge,
      ask: (one) => void this.asked.push(one),
      failed: (what, error) => void this.failures.push(`${what}: ${String(error)}`),
    })
  }

  #senders(): ReadonlyMap<string, Sender> {
    return new Map(Array.from(this.#judge.channels.keys(), (name) => [name, this.#sender(name)]))
  }

  #sender(channel: string): Sender {
    let events: readonly HubEvent[] = []
    return {
      concurrency: 1,
      minIntervalMs: 0,
      render: (delivery, of) => {
        events = of
        return [{ title: 't', text: delivery.id, payload: null }]
      },
      send: async (_part, delivery) => {
        await this.gate
        const outcome = this.answers.get(channel) ?? { ok: true }
        this.sent.push({ channel, at: this.clock.now(), delivery, events, ok: outcome.ok })
        return outcome
      },
    }
  }
}
