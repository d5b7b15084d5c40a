// The whole engine on a virtual clock, with a store in place and channels that only render: for scenarios and replays.
import { createVirtualClock, type VirtualClock } from '../engine/clock.ts'
import { createEngine, type Engine } from '../engine/engine.ts'
import { conditionPrefix, keyOfRow, readRows } from '../engine/condition-row.ts'
import type { Ask, Draft } from '../engine/draft.ts'
import type { Command, FactInput, Input } from '../engine/input.ts'
import type { RenderedPart, Sender } from '../engine/lane.ts'
import type { Assembly, AssembledSource } from './assemble.ts'
import { openSqlite } from '../store/sqlite.ts'
import type { StateRow, Store } from '../store/store.ts'
import type { Reader, ReaderOutput } from '../source.ts'
import type { Delivery, HubEvent, Job, NewEvent, NewFact, Reason, Verdict } from '../words.ts'

export interface Rehearsal {
  readonly clock: VirtualClock
  readonly store: Store
  readonly messages: readonly RehearsedMessage[]
  /** Runs what is due up to `to`. */
  advance(to: number): Promise<void>
  emit(source: string, events: readonly NewEvent[], receivedAt?: number): Promise<void>
  observe(source: string, facts: readonly NewFact[], receivedAt?: number): Promise<void>
  /** Closes the open conditions of this key by hand. */
  closeCondition(key: string): Promise<void>
  /** Hands log text to the reader of a source, as if it had been appended to its file. */
  lines(source: string, bytes: Uint8Array): Promise<void>
  /** Every send of the channel fails until then. */
  outage(channel: string, until: number, reason: Reason): void
  command(command: Command): Promise<void>
  reload(next: Assembly): Promise<void>
  /** From here to the next restart no send is answered: what leaves arrives, and the process dies before it hears so. */
  dying(): void
  /** Ends the process and starts it again on the same store, at once or after so long. */
  restart(awayMs?: number): Promise<void>
  events(): Promise<readonly HubEvent[]>
  verdicts(): Promise<readonly Verdict[]>
  /** Ends what waits: sessions and jobs, until none is due. */
  runOut(): Promise<void>
  close(): Promise<void>
}

export interface RehearsedMessage {
  readonly channel: string
  readonly at: number
  readonly title: string
  readonly text: string
  readonly events: readonly number[]
}

interface Open {
  readonly name: string
  readonly reader: Reader
  /** When it has a session to end; `Infinity` for never. */
  due: number
}

export interface RehearsalOptions {
  readonly startAt: number
  /** Rows that are there from the beginning, such as what a watch has learnt in a running hub. */
  readonly state?: readonly StateRow[]
  /** Told after each commit. */
  committed?(draft: Draft): void
  /** Told when a message is delivered. */
  told?(message: RehearsedMessage): void
}

/** No job or session of ours waits longer. */
const runOutAtMostMs = 366 * 86_400_000
/** What a watch has in mind for later than this, such as the next report of a week, is not the end of what was seen. */
const timersWithinMs = 86_400_000

/**
 * Whether a job ends something that the input began. A reminder, a time on the wall and the silence after the last
 * input do not: they would go on for ever.
 */
function isEnding({ kind, periodMs, dueAt, clock }: Job, endedAt: number): boolean {
  if (kind === 'bundle') return true
  if (kind === 'condition-remind' || periodMs !== undefined || clock === 'calendar') return false
  return kind !== 'timer' || dueAt <= endedAt + timersWithinMs
}

export async function createRehearsal(first: Assembly, options: RehearsalOptions): Promise<Rehearsal> {
  const clock = createVirtualClock(options.startAt)
  const store = await openSqlite({ path: ':memory:', now: 0 })
  if (options.state !== undefined) await store.commit({ state: options.state })
  const messages: RehearsedMessage[] = []
  const outages = new Map<string, { until: number; reason: Reason }>()
  const readers = new Map<string, Open>()
  let assembly = first
  /** The program itself has failed: whoever waits for it hears so. */
  let fault: Error | undefined
  let engine = begin()
  await engine.start(senders(), assembly.document)

  function begin(): Engine {
    return createEngine({
      store,
      clock,
      judge: assembly.judge,
      committed: (draft) => options.committed?.(draft),
      ask: (one) => void answer(one),
      failed: (what, error) => void (fault ??= new Error(`${what} failed: ${String(error)}`, { cause: error })),
    })
  }

  let answering = 0
  let isDying = false
  let hanging = 0

  /** Nothing is looked up: the last fact of that key is the answer, else that it is not known. */
  async function answer({ source, name, key }: Ask): Promise<void> {
    answering += 1
    try {
      const [last] = await store.facts({ last: { source, name, key }, limit: 1 })
      if (last === undefined) await engine.command({ name: 'unanswered', source, fact: name, key })
      else await engine.submit([toFactInput(source, { ...last, time: clock.now() }, clock.now())])
    } finally {
      answering -= 1
    }
  }

  function senders(): ReadonlyMap<string, Sender> {
    const all = new Map<string, Sender>()
    for (const [name, sender] of assembly.senders) {
      all.set(name, { ...sender, send: (part, delivery) => pretend(name, part, delivery) })
    }
    return all
  }

  async function pretend(channel: string, part: RenderedPart, delivery: Delivery): ReturnType<Sender['send']> {
    const outage = outages.get(channel)
    if (outage !== undefined && clock.now() < outage.until) return refusal(outage.reason)
    const { title, text } = part
    const message = { channel, at: clock.now(), title, text, events: delivery.events }
    // A message for several recipients is one message.
    if ((delivery.extra.siblings?.[0] ?? delivery.seq) === delivery.seq) {
      messages.push(message)
      options.told?.(message)
    }
    if (!isDying) return { ok: true }
    hanging += 1
    return new Promise(() => {})
  }

  async function settle(): Promise<void> {
    // A send that is never answered keeps the engine busy: then a few turns are enough for all else.
    for (let turns = 0; turns === 0 || answering > 0 || (!engine.idle && (hanging === 0 || turns < 50)); turns += 1) {
      await new Promise((resolve) => setImmediate(resolve))
      if (fault !== undefined) throw fault
    }
  }

  async function readerOf(name: string): Promise<Open> {
    const known = readers.get(name)
    if (known !== undefined) return known
    const source = sourceNamed(assembly, name)
    if (source.kind.reader === undefined) throw new Error(`source ${name} reads no lines; give it events instead`)
    const reader = source.kind.reader(source.options, { ...source.place, saved: await store.rows(name) })
    const open = { name, reader, due: Infinity }
    readers.set(name, open)
    return open
  }

  async function take(open: Open, output: ReaderOutput): Promise<void> {
    open.due = output.due ?? Infinity
    const { events, facts = [], put, delete: gone } = output
    if (events.length + facts.length + put.length + gone.length === 0) return
    const inputs: Input[] = events.map((event) => toInput(open.name, event, clock.now()))
    for (const fact of facts) inputs.push(toFactInput(open.name, fact, clock.now()))
    await engine.submit(inputs, { name: open.name, put, delete: gone })
    await settle()
  }

  /** Moves the clock, stopping wherever a reader has a session to end. */
  async function moveTo(to: number): Promise<void> {
    for (;;) {
      const next = Math.min(...Array.from(readers.values(), (open) => open.due))
      if (next > to) break
      await clock.advance(Math.max(next, clock.now()), settle)
      for (const open of readers.values()) {
        if (open.due > clock.now()) continue
        const before = open.due
        await take(open, open.reader.tick(clock.now()))
        // A reader that names a past time again would stop the clock.
        if (open.due <= before) open.due = Infinity
      }
    }
    await clock.advance(to, settle)
  }

  return {
    clock,
    store,
    messages,
    advance: moveTo,
    async emit(source, events, receivedAt = clock.now()) {
      await engine.submit(events.map((event) => toInput(source, event, receivedAt)))
      await settle()
    },
    async observe(source, facts, receivedAt = clock.now()) {
      await engine.submit(facts.map((fact) => toFactInput(source, fact, receivedAt)))
      await settle()
    },
    async closeCondition(key) {
      const rows = readRows(await store.states(conditionPrefix))
      for (const row of rows.filter((one) => one.key === key && one.state === 'open')) {
        await engine.command({ name: 'close', condition: keyOfRow(row), by: 'closed' })
      }
      await settle()
    },
    async lines(source, bytes) {
      const open = await readerOf(source)
      await take(open, open.reader.push(bytes, clock.now()))
    },
    outage: (channel, until, reason) => void outages.set(channel, { until, reason }),
    async command(command) {
      await engine.command(command)
      await settle()
    },
    async reload(next) {
      assembly = next
      await engine.reload(next.judge, senders(), next.document)
      await settle()
    },
    dying() {
      isDying = true
    },
    async restart(awayMs = 0) {
      await engine.stop(0)
      await clock.advance(clock.now() + awayMs, async () => {})
      isDying = false
      hanging = 0
      readers.clear()
      engine = begin()
      await engine.start(senders(), assembly.document)
      await settle()
    },
    events: () => store.events({ ascending: true, limit: 1_000_000 }),
    async verdicts() {
      const events = await store.events({ ascending: true, limit: 1_000_000 })
      return store.verdicts(events.map((event) => event.seq))
    },
    async runOut() {
      const endedAt = clock.now()
      // That nothing more is heard is the end of the input, and of nobody in it.
      const silences = await store.jobs({ absence: true })
      await store.commit({ jobsDone: silences.filter(({ kind }) => kind === 'timer').map(({ key }) => key) })
      for (;;) {
        const { jobs } = await store.dueJobs(endedAt + runOutAtMostMs, 100_000)
        const ends = jobs.filter((job) => isEnding(job, endedAt)).map((job) => job.dueAt)
        const dues = Array.from(readers.values(), (open) => open.due)
        const sends = engine.lanes().some((lane) => lane.waiting > 0) ? [clock.next() ?? Infinity] : []
        const next = Math.min(...ends, ...dues, ...sends)
        if (next > endedAt + runOutAtMostMs) return
        await moveTo(Math.max(next, clock.now()))
      }
    },
    async close() {
      await engine.stop(0)
      await store.close()
    },
  }
}

function sourceNamed(assembly: Assembly, name: string): AssembledSource {
  const found = assembly.sources.find((source) => source.name === name)
  if (found === undefined) {
    const known = assembly.sources.map((source) => source.name).join(', ')
    throw new Error(`there is no source named ${name}; the config has ${known}`)
  }
  return found
}

function toInput(source: string, event: NewEvent, receivedAt: number): Parameters<Engine['submit']>[0][number] {
  return { kind: 'event', source, event, receivedAt }
}

function toFactInput(source: string, fact: NewFact, receivedAt: number): FactInput {
  const { name, key, time, host, data } = fact
  const own = { name, key, data, ...(time === undefined ? {} : { time }), ...(host === undefined ? {} : { host }) }
  return { kind: 'fact', source, fact: own, receivedAt }
}

function refusal(reason: Reason): Awaited<ReturnType<Sender['send']>> {
  const retry =
    reason !== 'rejected' &&
    reason !== 'unauthorised' &&
    reason !== 'gone' &&
    reason !== 'too-large' &&
    reason !== 'misconfigured'
  return {
    ok: false,
    reason,
    retry,
    maybeDelivered: reason === 'timeout',
    detail: `an outage of this scenario: ${reason}`,
  }
}
