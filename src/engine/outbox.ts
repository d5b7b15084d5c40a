// Sends what is due: one lane per channel, so that none can stall another; in order, one in flight per thread.
import type { DeliveryWithEvents, Store, StoredPart } from '../store/store.ts'
import type { Delivery, HubEvent, Outcome } from '../words.ts'
import type { Clock } from './clock.ts'
import type { Draft } from './draft.ts'
import type { ReportInput } from './input.ts'
import type { Intake } from './intake.ts'
import { channelStateKey, type Outage } from './report.ts'

export interface Outbox {
  /** Follows what was committed: new deliveries, changed ones, outages. */
  committed(draft: Draft): void
  /** Puts senders into force; lanes of channels that are gone stop. */
  sendBy(senders: ReadonlyMap<string, Sender>): Promise<void>
  start(): Promise<void>
  /** Waits for the sends in flight, at most so long. */
  stop(waitMs: number): Promise<void>
  readonly busy: boolean
  readonly lanes: () => readonly LaneView[]
}

/** A channel with its options, ready to send. */
export interface Sender {
  /** At most so many messages in flight. */
  readonly concurrency: number
  readonly minIntervalMs: number
  /** Composes and renders; must not throw (a broken template falls back to the built-in words). */
  render(delivery: Delivery, events: readonly HubEvent[]): readonly RenderedPart[]
  /** One request; must not throw and must end within its own deadline. */
  send(part: RenderedPart, delivery: Delivery, number: number): Promise<Outcome>
}

export interface RenderedPart {
  readonly title: string
  readonly text: string
  readonly payload: unknown
}

export interface LaneView {
  readonly channel: string
  readonly waiting: number
  readonly inFlight: number
  readonly pausedUntil: number
  /** What the channel said when it last refused; absent when it works. */
  readonly failing: string | undefined
  /** When the oldest one that waits was made, and when the last send began or ended. */
  readonly oldestAt: number | undefined
  readonly movedAt: number
}

export interface OutboxTools {
  readonly store: Store
  readonly clock: Clock
  readonly intake: Intake
  failed(what: string, error: unknown): void
}

interface Lane {
  readonly channel: string
  sender: Sender
  /** Oldest first; the store holds those beyond `laneRows`. */
  queue: DeliveryWithEvents[]
  /** Whether the store has more behind the last one here. */
  more: boolean
  filling: boolean
  readonly inFlight: Map<number, DeliveryWithEvents>
  outage: Outage | undefined
  lastStartAt: number
  movedAt: number
  stopTimer: (() => void) | undefined
  closed: boolean
}

const laneRows = 1000
/** So many threads are looked at for one that is due. */
const lookAhead = 50
const storeRetryMs = 1000

export function createOutbox({ store, clock, intake, failed }: OutboxTools): Outbox {
  const lanes = new Map<string, Lane>()
  let stopped = true
  let flying = 0

  function openLane(channel: string, sender: Sender): Lane {
    return {
      channel,
      sender,
      queue: [],
      more: true,
      filling: false,
      inFlight: new Map(),
      outage: undefined,
      lastStartAt: -Infinity,
      movedAt: clock.now(),
      stopTimer: undefined,
      closed: false,
    }
  }

  function follow(draft: Draft): void {
    const events = new Map(draft.events.map((event) => [event.seq, event]))
    const touched = new Set<Lane>()
    for (const delivery of draft.deliveries.values()) {
      const lane = lanes.get(delivery.channel)
      if (lane === undefined) continue
      touched.add(lane)
      if (delivery.state === 'sending') continue
      const known = lane.queue.findIndex((row) => row.delivery.seq === delivery.seq)
      const waits = delivery.state === 'queued' || delivery.state === 'retrying'
      if (known >= 0) {
        const row = lane.queue[known]
        if (!waits) lane.queue.splice(known, 1)
        else if (row !== undefined) lane.queue[known] = { delivery, events: row.events }
      } else if (waits) take(lane, delivery, events)
    }
    for (const lane of lanes.values()) {
      const row = draft.state.get(channelStateKey(lane.channel))
      if (row === undefined) continue
      lane.outage = row.value as Outage | undefined
      touched.add(lane)
    }
    for (const lane of touched) pump(lane)
  }

  /** A new or revived delivery goes into its place, unless the store is to be asked for it later anyway. */
  function take(lane: Lane, delivery: Delivery, events: ReadonlyMap<number, HubEvent>): void {
    const last = lane.queue.at(-1)
    if (lane.more && (last === undefined || delivery.seq > last.delivery.seq)) return
    if (lane.queue.length >= laneRows && last !== undefined && delivery.seq > last.delivery.seq) {
      lane.more = true
      return
    }
    const flown = lane.inFlight.get(delivery.seq)?.events
    const named = flown ?? delivery.events.flatMap((seq) => events.get(seq) ?? [])
    if (named.length !== delivery.events.length) return refill(lane)
    const at = lane.queue.findLastIndex((row) => row.delivery.seq < delivery.seq)
    lane.queue.splice(at + 1, 0, { delivery, events: named })
  }

  /** Asks the store again from the front: some event of a delivery is not at hand. */
  function refill(lane: Lane): void {
    lane.queue = lane.queue.filter((row) => lane.inFlight.has(row.delivery.seq))
    lane.more = true
  }

  function fill(lane: Lane): void {
    if (lane.filling || !lane.more || lane.queue.length > laneRows / 2) return
    lane.filling = true
    lane.more = false
    const after = Math.max(
      0,
      ...lane.queue.filter((row) => !lane.inFlight.has(row.delivery.seq)).map((row) => row.delivery.seq),
    )
    const wanted = laneRows - lane.queue.length
    store.waiting(lane.channel, after, wanted).then(
      (rows) => {
        lane.filling = false
        const known = new Set(lane.queue.map((row) => row.delivery.seq))
        lane.queue.push(...rows.filter((row) => !known.has(row.delivery.seq) && !lane.inFlight.has(row.delivery.seq)))
        lane.queue.sort((one, other) => one.delivery.seq - other.delivery.seq)
        if (rows.length === wanted) lane.more = true
        pump(lane)
      },
      (error: unknown) => {
        lane.filling = false
        lane.more = true
        failed('reading what waits', error)
        wake(lane, clock.now() + storeRetryMs)
      },
    )
  }

  function pump(lane: Lane): void {
    if (stopped || lane.closed) return
    lane.stopTimer?.()
    lane.stopTimer = undefined
    fill(lane)
    for (;;) {
      const now = clock.now()
      const free = lane.outage === undefined ? lane.sender.concurrency : 1
      if (lane.inFlight.size >= free) return
      const next = choose(lane, now)
      if (next === undefined) return
      const at = startAt(lane, next.delivery)
      if (at > now) return wake(lane, at)
      lane.lastStartAt = now
      lane.movedAt = now
      lane.inFlight.set(next.delivery.seq, next)
      lane.queue.splice(lane.queue.indexOf(next), 1)
      flying += 1
      deliver(lane, next)
        .catch((error: unknown) => failed('sending', error))
        .finally(() => {
          flying -= 1
          lane.inFlight.delete(next.delivery.seq)
          lane.movedAt = clock.now()
          pump(lane)
        })
    }
  }

  /** The oldest that is due; in an outage now and then the second, in case the first is what the service chokes on. */
  function choose(lane: Lane, now: number): DeliveryWithEvents | undefined {
    const free = freeOf(lane)
    const due = free.filter((row) => notBefore(row.delivery) <= now)
    if (due.length === 0) return free.toSorted((one, other) => notBefore(one.delivery) - notBefore(other.delivery))[0]
    const [first, second] = due
    if (first === undefined || second === undefined || lane.outage === undefined) return first
    const { lastReason, attempts } = first.delivery
    const suspect = lastReason === 'server-error' || lastReason === 'timeout'
    return suspect && attempts >= 4 && lane.outage.failures % 2 === 1 ? second : first
  }

  function startAt(lane: Lane, delivery: Delivery): number {
    const paced = lane.lastStartAt + lane.sender.minIntervalMs
    const wanted = Math.max(paced, notBefore(delivery), lane.outage?.pausedUntil ?? 0)
    // What expires meanwhile is ended on time and not at the next probe.
    return Math.min(wanted, Math.max(delivery.expireAt, paced))
  }

  function wake(lane: Lane, at: number): void {
    lane.stopTimer?.()
    lane.stopTimer = clock.at(at, () => pump(lane))
  }

  async function deliver(lane: Lane, { delivery, events }: DeliveryWithEvents): Promise<void> {
    const startedAt = clock.now()
    if (startedAt >= delivery.expireAt) {
      const expired = { ok: false, givenUp: 'expired' } as const
      return report({ kind: 'outcome', delivery, result: expired, startedAt, endedAt: startedAt })
    }
    const sending: Delivery = { ...delivery, state: 'sending', attempts: delivery.attempts + 1 }
    const parts = lane.sender.render(sending, events)
    const sent = delivery.attempts === 0 ? new Map<number, StoredPart>() : await partsSent(delivery.id)
    const stored = parts.map(({ text }, number) => sent.get(number) ?? { delivery: delivery.id, number, text })
    try {
      await intake.note({ deliveries: [sending], parts: stored })
    } catch (error) {
      failed('noting a send', error)
      lane.queue.unshift({ delivery, events })
      lane.lastStartAt = clock.now() + storeRetryMs - lane.sender.minIntervalMs
      return wake(lane, clock.now() + storeRetryMs)
    }
    const result = await sendParts(lane.sender, sending, parts, sent)
    await report({ kind: 'outcome', delivery: sending, result, startedAt, endedAt: clock.now() })
  }

  /** Sends what was not sent yet; the first refusal ends it. */
  async function sendParts(
    sender: Sender,
    delivery: Delivery,
    parts: readonly RenderedPart[],
    sent: ReadonlyMap<number, StoredPart>,
  ): Promise<Outcome> {
    let handle: string | undefined
    for (const [number, part] of parts.entries()) {
      const before = sent.get(number)
      handle ??= before?.handle
      if (before?.sentAt !== undefined) continue
      const outcome = await sender.send(part, delivery, number)
      if (!outcome.ok) return outcome
      handle ??= outcome.handle
      if (parts.length > 1)
        await noteSent({
          delivery: delivery.id,
          number,
          text: part.text,
          sentAt: clock.now(),
          ...(outcome.handle === undefined ? {} : { handle: outcome.handle }),
        })
    }
    return handle === undefined ? { ok: true } : { ok: true, handle }
  }

  async function partsSent(delivery: string): Promise<ReadonlyMap<number, StoredPart>> {
    const detail = await untilStored('reading parts', () => store.delivery(delivery))
    return new Map((detail?.parts ?? []).filter((part) => part.sentAt !== undefined).map((part) => [part.number, part]))
  }

  async function noteSent(part: StoredPart): Promise<void> {
    await untilStored('noting a part', () => intake.note({ parts: [part] }))
  }

  async function report(input: ReportInput): Promise<void> {
    await untilStored('noting an outcome', () => intake.submit([input]))
  }

  /** What has happened must be stored, however long the store is away. */
  async function untilStored<T>(what: string, act: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await act()
      } catch (error) {
        failed(what, error)
        if (stopped) throw error
        await new Promise<void>((resolve) => clock.at(clock.now() + storeRetryMs, resolve))
      }
    }
  }

  async function sendBy(senders: ReadonlyMap<string, Sender>): Promise<void> {
    for (const [channel, lane] of lanes) {
      if (senders.has(channel)) continue
      lane.closed = true
      lane.stopTimer?.()
      lanes.delete(channel)
    }
    const outages = await store.load({ state: [...senders.keys()].map(channelStateKey), identities: [] })
    for (const [channel, sender] of senders) {
      const lane = lanes.get(channel) ?? openLane(channel, sender)
      lane.sender = sender
      lane.outage ??= outages.state.get(channelStateKey(channel)) as Outage | undefined
      lanes.set(channel, lane)
      pump(lane)
    }
  }

  return {
    committed: follow,
    sendBy,
    async start() {
      const detail = 'Sereno stopped while this was being sent'
      const result: Outcome = { ok: false, reason: 'timeout', retry: true, maybeDelivered: true, detail }
      const now = clock.now()
      const reports = (await store.interrupted()).map(({ delivery }): ReportInput => ({
        kind: 'outcome',
        delivery,
        result,
        startedAt: now,
        endedAt: now,
        interrupted: true,
      }))
      if (reports.length > 0) await intake.submit(reports)
      stopped = false
      for (const lane of lanes.values()) pump(lane)
    },
    async stop(waitMs) {
      stopped = true
      for (const lane of lanes.values()) lane.stopTimer?.()
      const until = Date.now() + waitMs
      while (flying > 0 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 5))
    },
    get busy() {
      return flying > 0 || [...lanes.values()].some((lane) => lane.filling)
    },
    lanes: () =>
      Array.from(lanes.values(), (lane) => ({
        channel: lane.channel,
        waiting: lane.queue.length,
        inFlight: lane.inFlight.size,
        pausedUntil: lane.outage?.pausedUntil ?? 0,
        failing: lane.outage?.detail,
        oldestAt: lane.queue[0]?.delivery.createdAt,
        movedAt: lane.movedAt,
      })),
  }
}

/** The oldest of each thread that has none in flight. */
function freeOf(lane: Lane): readonly DeliveryWithEvents[] {
  const threads = new Set(Array.from(lane.inFlight.values(), (row) => row.delivery.thread))
  const free: DeliveryWithEvents[] = []
  for (const row of lane.queue) {
    if (threads.has(row.delivery.thread)) continue
    threads.add(row.delivery.thread)
    free.push(row)
    if (free.length === lookAhead) break
  }
  return free
}

/** Unanswered sends have a time of their own; all other retries wait for the channel, and go out in order when it is back. */
function notBefore(delivery: Delivery): number {
  return delivery.unanswered > 0 ? delivery.dueAt : 0
}
