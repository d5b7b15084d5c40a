// Heartbeats in a whole engine on a virtual clock: called, left alone, while the hub runs, is away, or has its clock set.
import { assembleText } from '../../src/cli/configuration.ts'
import { createVirtualClock, type Clock } from '../../src/engine/clock.ts'
import { createEngine, type Engine } from '../../src/engine/engine.ts'
import type { Command } from '../../src/engine/input.ts'
import type { Sender } from '../../src/engine/lane.ts'
import type { Assembly } from '../../src/hub/assemble.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import type { HubEvent, JsonObject, NewEvent, NewFact } from '../../src/words.ts'

export type Watches = { readonly [name: string]: JsonObject }

export interface Told {
  readonly at: number
  readonly title: string
  readonly text: string
  readonly kind: string
}

/** With `timezone` Europe/Rome; whoever is missing or fails is told on a console. */
export function assembleHeartbeats(watches: Watches, source: JsonObject = {}): Promise<Assembly> {
  const named = Object.entries(watches).map(([name, options]) => [name, { kind: 'heartbeat', ...options }])
  const config = {
    hub: { timezone: 'Europe/Rome' },
    sources: { heartbeat: { kind: 'heartbeat', ...source } },
    watches: Object.fromEntries(named),
    channels: { team: { kind: 'console' } },
    rules: [{ name: 'all', on: ['heartbeat.missed', 'heartbeat.failed'], to: 'team' }],
  }
  return assembleText(JSON.stringify(config), 'heartbeats.yaml')
}

export class HeartbeatHouse implements AsyncDisposable {
  readonly store: Store
  readonly told: Told[] = []
  readonly failures: unknown[] = []
  readonly #passing
  readonly #clock: Clock
  #skewMs = 0
  #assembly: Assembly
  #engine: Engine

  static async open(watches: Watches | Assembly, start: string | number): Promise<HeartbeatHouse> {
    const assembly = 'judge' in watches ? (watches as Assembly) : await assembleHeartbeats(watches as Watches)
    const store = await openSqlite({ path: ':memory:', now: 0 })
    const house = new HeartbeatHouse(store, assembly, toAt(start))
    await house.#start()
    return house
  }

  constructor(store: Store, assembly: Assembly, startAt: number) {
    this.store = store
    this.#assembly = assembly
    this.#passing = createVirtualClock(startAt)
    this.#clock = {
      now: () => this.now(),
      at: (at, action) => this.#passing.at(at - this.#skewMs, action),
    }
    this.#engine = this.#begin()
  }

  now(): number {
    return this.#passing.now() + this.#skewMs
  }

  /** What the source makes of a call. */
  async ping(name: string, state = 'ok', data: JsonObject = {}): Promise<void> {
    const fact = { name: 'heartbeat.ping', key: name, data: { state, ...data } }
    await this.#engine.submit([{ kind: 'fact', source: 'heartbeat', fact, receivedAt: this.now() }])
    await this.settle()
  }

  async observe(source: string, facts: readonly NewFact[]): Promise<void> {
    const receivedAt = this.now()
    await this.#engine.submit(facts.map((fact) => ({ kind: 'fact', source, fact, receivedAt })))
    await this.settle()
  }

  async emit(source: string, event: NewEvent): Promise<void> {
    await this.#engine.submit([{ kind: 'event', source, event, receivedAt: this.now() }])
    await this.settle()
  }

  async command(command: Command): Promise<void> {
    await this.#engine.command(command)
    await this.settle()
  }

  async pass(ms: number): Promise<void> {
    await this.#passing.advance(this.#passing.now() + ms, () => this.settle())
  }

  /** Up to a time on the wall of the hub. */
  async until(at: string): Promise<void> {
    await this.pass(toAt(at) - this.now())
  }

  /** Not running for so long. */
  async away(ms: number): Promise<void> {
    await this.#engine.stop(0)
    await this.pass(ms)
    this.#engine = this.#begin()
    await this.#start()
  }

  /** As a machine that is suspended: the wall clock goes on, and nothing else. */
  sleep(ms: number): void {
    this.#skewMs += ms
  }

  async stepClock(byMs: number): Promise<void> {
    this.#skewMs += byMs
    await this.#engine.command({ name: 'clock-jump', byMs })
    await this.settle()
  }

  async reload(watches: Watches | Assembly): Promise<void> {
    this.#assembly = 'judge' in watches ? (watches as Assembly) : await assembleHeartbeats(watches as Watches)
    await this.#engine.reload(this.#assembly.judge, this.#senders(), this.#assembly.document)
    await this.settle()
  }

  async settle(): Promise<void> {
    do await new Promise((resolve) => setImmediate(resolve))
    while (!this.#engine.idle)
  }

  /** Oldest first. */
  events(type: string): Promise<readonly HubEvent[]> {
    return this.store.events({ type, limit: 100_000, ascending: true })
  }

  /** Titles with their time on the wall, `11-20 04:00 No sign of life from backup`; what was told before is left out. */
  heard(): string[] {
    return this.told
      .splice(0)
      .map(({ at, title }) => `${new Date(at).toISOString().slice(5, 16).replace('T', ' ')} ${title}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine.stop(0)
    await this.store.close()
  }

  async #start(): Promise<void> {
    await this.#engine.start(this.#senders(), this.#assembly.document)
    await this.settle()
  }

  #begin(): Engine {
    return createEngine({
      store: this.store,
      clock: this.#clock,
      judge: this.#assembly.judge,
      failed: (_what, error) => void this.failures.push(error),
    })
  }

  #senders(): ReadonlyMap<string, Sender> {
    const senders = Array.from(this.#assembly.senders, ([name, sender]): [string, Sender] => [
      name,
      {
        ...sender,
        send: async ({ title, text }, { kind }) => {
          this.told.push({ at: this.now(), title, text, kind })
          return { ok: true }
        },
      },
    ])
    return new Map(senders)
  }
}

function toAt(time: string | number): number {
  return typeof time === 'number' ? time : Date.parse(time)
}
