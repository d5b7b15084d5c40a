// One channel's queue in the outbox: what waits, in order, and which of it goes next.
import { toKey } from '../lib/key.ts'
import type { Handles, WaitingDelivery } from '../store/store.ts'
import type { Delivery, HubEvent, Outcome } from '../words.ts'
import type { Outage } from './report.ts'
import { weigh } from './weight.ts'

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

/** A delivery that waits here; without its events, they are read when its turn comes. */
export interface LaneRow extends WaitingDelivery {
  /** Of the events that are here. */
  readonly bytes: number
}

export interface Lane {
  readonly channel: string
  sender: Sender
  /** Oldest first; the store holds those beyond `laneRows`. */
  queue: LaneRow[]
  /** Whether the store has more behind the last one here. */
  more: boolean
  filling: boolean
  /** Every waiting delivery up to this position is here or in flight. */
  readTo: number
  readonly inFlight: Map<number, LaneRow>
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
  /** Of events held in memory for those that wait or are in flight. */
  readonly bytes: number
  readonly pausedUntil: number
  /** What the channel said when it last refused; absent when it works. */
  readonly failing: string | undefined
  /** When the oldest one that waits was made, and when the last send began or ended. */
  readonly oldestAt: number | undefined
  readonly movedAt: number
}

/** Rows kept in memory; the store holds the rest. */
export const laneRows = 1000
/** So much of their events, for one lane and for all of them; beyond it rows are here without. */
export const laneBytes = 8 * 1024 * 1024
export const allLanesBytes = 32 * 1024 * 1024
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
    inFlight: new Map(),
    outage: undefined,
    lastStartAt: -Infinity,
    movedAt: now,
    stopTimer: undefined,
    closed: false,
  }
}

/** A new or revived delivery goes into its place, unless the store is to be asked for it later anyway. */
export function take(
  lane: Lane,
  delivery: Delivery,
  events: ReadonlyMap<number, HubEvent>,
  room: (lane: Lane) => number,
): void {
  if (delivery.seq > lane.readTo) {
    // Whatever comes behind a page that is still to be read, is read with the next one.
    if (lane.more || lane.filling || lane.queue.length >= laneRows) {
      lane.more = true
      return
    }
    lane.readTo = delivery.seq
  }
  const at = lane.queue.findLastIndex((row) => row.delivery.seq < delivery.seq)
  lane.queue.splice(at + 1, 0, toRow(delivery))

  function toRow(next: Delivery): LaneRow {
    return revised(lane.inFlight.get(next.seq), next, events, room(lane))
  }
}

/** A newer revision of what waits; its events as far as they are at hand. */
export function revised(
  before: LaneRow | undefined,
  delivery: Delivery,
  events: ReadonlyMap<number, HubEvent>,
  room: number,
): LaneRow {
  if (before !== undefined && delivery.events.every((seq, index) => before.delivery.events[index] === seq)) {
    if (before.delivery.events.length === delivery.events.length) return { ...before, delivery }
  }
  const known = new Map(before?.events?.map((event) => [event.seq, event]))
  const named = delivery.events.flatMap((seq) => known.get(seq) ?? events.get(seq) ?? [])
  const isWhole = named.length === delivery.events.length
  return isWhole ? hold({ delivery, events: named }, room + (before?.bytes ?? 0)) : { delivery, bytes: 0 }
}

/** A page of what waits, as the store has it; what is here or in flight already is passed over. */
export function addPage(lane: Lane, rows: readonly WaitingDelivery[], room: number): void {
  const known = new Set(lane.queue.map((row) => row.delivery.seq))
  let left = room
  for (const row of rows) {
    const { seq } = row.delivery
    if (known.has(seq) || isLeaving(lane, row.delivery)) continue
    const held = hold(row, left)
    left -= held.bytes
    lane.queue.push(held)
  }
  lane.queue.sort((one, other) => one.delivery.seq - other.delivery.seq)
  lane.readTo = Math.max(lane.readTo, rows.at(-1)?.delivery.seq ?? 0)
  // Only an empty page says that there is no more.
  if (rows.length > 0) lane.more = true
}

/** It is settled by its outcome: one that has come back from its flight has one attempt more than when it left. */
export function isLeaving(lane: Lane, { seq, attempts }: Delivery): boolean {
  return lane.inFlight.get(seq)?.delivery.attempts === attempts
}

function hold(row: WaitingDelivery, room: number): LaneRow {
  const bytes = row.events === undefined ? 0 : weigh(row.events)
  return bytes > room ? { delivery: row.delivery, bytes: 0 } : { ...row, bytes }
}

export function heldBytes(lane: Lane): number {
  let bytes = 0
  for (const row of lane.queue) bytes += row.bytes
  for (const row of lane.inFlight.values()) bytes += row.bytes
  return bytes
}

/** The oldest that is due; in an outage now and then the second, in case the first is what the service chokes on. */
export function choose(lane: Lane, now: number): LaneRow | undefined {
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
  lane.queue = lane.queue.map((row) => {
    const { dueAt, expireAt } = row.delivery
    return { ...row, delivery: { ...row.delivery, dueAt: dueAt + byMs, expireAt: expireAt + byMs } }
  })
}

export function viewOf(lane: Lane): LaneView {
  return {
    channel: lane.channel,
    waiting: lane.queue.length,
    inFlight: lane.inFlight.size,
    bytes: heldBytes(lane),
    pausedUntil: lane.outage?.pausedUntil ?? 0,
    failing: lane.outage?.detail,
    oldestAt: lane.queue[0]?.delivery.createdAt,
    movedAt: lane.movedAt,
  }
}

/** The oldest of each thread that has none in flight. */
function freeOf(lane: Lane): readonly LaneRow[] {
  const threads = new Set(Array.from(lane.inFlight.values(), ({ delivery }) => threadOf(delivery)))
  const free: LaneRow[] = []
  for (const row of lane.queue) {
    const { extra, recipient } = row.delivery
    const thread = threadOf(row.delivery)
    const isBehind = threads.has(thread) || (extra.after !== undefined && threads.has(toKey(extra.after, recipient)))
    threads.add(thread)
    if (isBehind) continue
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

/** The clock may have been set back while we were not running. */
export function atMostAnHour(outage: Outage | undefined, now: number): Outage | undefined {
  return outage && { ...outage, pausedUntil: Math.min(outage.pausedUntil, now + 3_600_000) }
}
