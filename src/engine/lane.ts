// One channel's queue in the outbox: what waits, in order, and which of it goes next.
import { toKey } from '../lib/key.ts'
import type { DeliveryWithEvents, Handles } from '../store/store.ts'
import type { Delivery, HubEvent, Outcome } from '../words.ts'
import type { Outage } from './report.ts'

/** A channel with its options, ready to send. */
export interface Sender {
  /** At most so many messages in flight. */
  readonly concurrency: number
  readonly minIntervalMs: number
  /** Composes and renders; must not throw (a broken template falls back to the built-in words). */
  render(delivery: Delivery, events: readonly HubEvent[]): readonly RenderedPart[]
  /** One request; must not throw and must end within its own deadline. */
  send(part: RenderedPart, delivery: Delivery, number: number, handles: Handles): Promise<Outcome>
}

export interface RenderedPart {
  readonly title: string
  readonly text: string
  readonly payload: unknown
}

export interface Lane {
  readonly channel: string
  sender: Sender
  /** Oldest first; the store holds those beyond `laneRows`. */
  queue: DeliveryWithEvents[]
  /** Whether the store has more behind the last one here. */
  more: boolean
  filling: boolean
  /** Every waiting delivery up to this position is here or in flight. */
  readTo: number
  /** The page that is being read begins at a place that no longer counts. */
  stale: boolean
  readonly inFlight: Map<number, DeliveryWithEvents>
  outage: Outage | undefined
  lastStartAt: number
  movedAt: number
  stopTimer: (() => void) | undefined
  closed: boolean
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

/** Rows kept in memory; the store holds the rest. */
export const laneRows = 1000
/** So many threads are looked at for one that is due. */
const lookAhead = 50

export function openLane(channel: string, sender: Sender, now: number): Lane {
  return {
    channel,
    sender,
    queue: [],
    more: true,
    filling: false,
    readTo: 0,
    stale: false,
    inFlight: new Map(),
    outage: undefined,
    lastStartAt: -Infinity,
    movedAt: now,
    stopTimer: undefined,
    closed: false,
  }
}

/** A new or revived delivery goes into its place, unless the store is to be asked for it later anyway. */
export function take(lane: Lane, delivery: Delivery, events: ReadonlyMap<number, HubEvent>): void {
  const flown = lane.inFlight.get(delivery.seq)?.events
  const named = flown ?? delivery.events.flatMap((seq) => events.get(seq) ?? [])
  const isWhole = named.length === delivery.events.length
  if (delivery.seq > lane.readTo) {
    // Whatever comes behind a page that is still to be read, is read with the next one.
    if (lane.more || lane.filling || !isWhole || lane.queue.length >= laneRows) {
      lane.more = true
      return
    }
    lane.readTo = delivery.seq
  } else if (!isWhole) return refill(lane)
  const at = lane.queue.findLastIndex((row) => row.delivery.seq < delivery.seq)
  lane.queue.splice(at + 1, 0, { delivery, events: named })
}

/** A newer revision of what waits in a place of the queue. */
export function replace(lane: Lane, at: number, delivery: Delivery, events: ReadonlyMap<number, HubEvent>): void {
  const known = new Map(lane.queue[at]?.events.map((event) => [event.seq, event]))
  const named = delivery.events.flatMap((seq) => known.get(seq) ?? events.get(seq) ?? [])
  if (named.length === delivery.events.length) lane.queue[at] = { delivery, events: named }
  else refill(lane)
}

/** Asks the store again from the front: some event of a revived delivery is not at hand. */
function refill(lane: Lane): void {
  lane.queue = []
  lane.readTo = 0
  lane.more = true
  lane.stale = lane.filling
}

/** A page of what waits, as the store has it; what is here or in flight already is passed over. */
export function addPage(lane: Lane, rows: readonly DeliveryWithEvents[]): void {
  if (lane.stale) {
    lane.stale = false
    lane.more = true
    return
  }
  const known = new Set(lane.queue.map((row) => row.delivery.seq))
  // A row that has come back from its flight has one attempt more than when it left.
  const fresh = rows.filter(({ delivery: { seq, attempts } }) => {
    return !known.has(seq) && lane.inFlight.get(seq)?.delivery.attempts !== attempts
  })
  lane.queue = [...lane.queue, ...fresh].toSorted((one, other) => one.delivery.seq - other.delivery.seq)
  lane.readTo = Math.max(lane.readTo, rows.at(-1)?.delivery.seq ?? 0)
  // A page ends early when its events are large: only an empty one says that there is no more.
  if (rows.length > 0) lane.more = true
}

/** The oldest that is due; in an outage now and then the second, in case the first is what the service chokes on. */
export function choose(lane: Lane, now: number): DeliveryWithEvents | undefined {
  const free = freeOf(lane)
  const due = free.filter((row) => notBefore(row.delivery) <= now)
  if (due.length === 0) return free.toSorted((one, other) => notBefore(one.delivery) - notBefore(other.delivery))[0]
  const [first, second] = due
  if (first === undefined || second === undefined || lane.outage === undefined) return first
  const { lastReason, attempts } = first.delivery
  const suspect = lastReason === 'server-error' || lastReason === 'timeout'
  return suspect && attempts >= 4 && lane.outage.failures % 2 === 1 ? second : first
}

export function startAt(lane: Lane, delivery: Delivery, now: number): number {
  // A clock that was set back must not make us wait until it is where it was.
  const paced = Math.min(lane.lastStartAt, now) + lane.sender.minIntervalMs
  const wanted = Math.max(paced, notBefore(delivery), lane.outage?.pausedUntil ?? 0)
  // What expires meanwhile is ended on time and not at the next probe.
  return Math.min(wanted, Math.max(delivery.expireAt, paced))
}

/** The wall clock was stepped: what waits keeps its length. */
export function shiftLane(lane: Lane, byMs: number): void {
  const { outage } = lane
  if (outage !== undefined) lane.outage = { ...outage, pausedUntil: outage.pausedUntil + byMs }
  lane.lastStartAt += byMs
  lane.movedAt += byMs
  lane.queue = lane.queue.map(({ delivery, events }) => ({
    delivery: { ...delivery, dueAt: delivery.dueAt + byMs, expireAt: delivery.expireAt + byMs },
    events,
  }))
}

export function viewOf(lane: Lane): LaneView {
  return {
    channel: lane.channel,
    waiting: lane.queue.length,
    inFlight: lane.inFlight.size,
    pausedUntil: lane.outage?.pausedUntil ?? 0,
    failing: lane.outage?.detail,
    oldestAt: lane.queue[0]?.delivery.createdAt,
    movedAt: lane.movedAt,
  }
}

/** The oldest of each thread that has none in flight. */
function freeOf(lane: Lane): readonly DeliveryWithEvents[] {
  const threads = new Set(Array.from(lane.inFlight.values(), ({ delivery }) => threadOf(delivery)))
  const free: DeliveryWithEvents[] = []
  for (const row of lane.queue) {
    const thread = threadOf(row.delivery)
    if (threads.has(thread)) continue
    threads.add(thread)
    free.push(row)
    if (free.length === lookAhead) break
  }
  return free
}

/** A mailbox that is full keeps only its own copy waiting. */
function threadOf({ thread, recipient }: Delivery): string {
  return toKey(thread, recipient)
}

/** Unanswered sends have a time of their own; all other retries wait for the channel, and go out in order when it is back. */
function notBefore(delivery: Delivery): number {
  const ownTime = delivery.unanswered > 0 || delivery.lastReason === 'rejected' || delivery.lastReason === 'too-large'
  return ownTime ? delivery.dueAt : 0
}
