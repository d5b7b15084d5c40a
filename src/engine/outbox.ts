// Sends what is due: one lane per channel, so that none can stall another; in order, one in flight per thread.
import type { Handles, Store, StoredPart } from '../store/store.ts'
import type { Delivery, HubEvent, Outcome } from '../words.ts'
import type { Clock } from './clock.ts'
import type { Draft } from './draft.ts'
import type { ReportInput } from './input.ts'
import type { Intake } from './intake.ts'
import {
  addPage,
  atMostAnHour,
  allLanesBytes,
  choose,
  heldBytes,
  isLeaving,
  type Lane,
  laneBytes,
  type LaneRow,
  laneRows,
  type LaneView,
  openLane,
  type RenderedPart,
  revised,
  type Sender,
  shiftLane,
  startAt,
  take,
  viewOf,
} from './lane.ts'
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

export interface OutboxTools {
  readonly store: Store
  readonly clock: Clock
  readonly intake: Intake
  failed(what: string, error: unknown): void
}

const storeRetryMs = 1000

export function createOutbox({ store, clock, intake, failed }: OutboxTools): Outbox {
  const lanes = new Map<string, Lane>()
  let stopped = true
  let flying = 0

  function follow(draft: Draft): void {
    const events = new Map(draft.deliveries.size === 0 ? [] : draft.events.map((event) => [event.seq, event]))
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
        else if (row !== undefined) lane.queue[known] = revised(row, delivery, events, roomOf(lane))
      } else if (waits && !isLeaving(lane, delivery)) take(lane, delivery, events, roomOf)
    }
    for (const lane of lanes.values()) {
      const row = draft.state.get(channelStateKey(lane.channel))
      if (row === undefined) continue
      lane.outage = row.value as Outage | undefined
      touched.add(lane)
    }
    if (draft.shiftJobsMs !== 0) {
      for (const lane of lanes.values()) {
        shiftLane(lane, draft.shiftJobsMs)
        touched.add(lane)
      }
    }
    for (const lane of touched) pump(lane)
  }

  /** For more events in memory. */
  function roomOf(lane: Lane): number {
    let all = 0
    for (const one of lanes.values()) all += heldBytes(one)
    return Math.min(laneBytes - heldBytes(lane), allLanesBytes - all)
  }

  function fill(lane: Lane): void {
    if (lane.filling || !lane.more || lane.queue.length > laneRows / 2) return
    lane.filling = true
    lane.more = false
    store.waiting(lane.channel, lane.readTo, laneRows - lane.queue.length, Math.max(0, roomOf(lane))).then(
      (rows) => {
        lane.filling = false
        addPage(lane, rows, roomOf(lane))
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
      const at = startAt(lane, next.delivery, now)
      if (at > now) return wake(lane, at)
      lane.lastStartAt = now
      lane.movedAt = now
      lane.inFlight.set(next.delivery.seq, next)
      lane.queue.splice(lane.queue.indexOf(next), 1)
      flying += 1
      deliver(lane, next)
        .catch((error: unknown) => {
          failed('sending', error)
          return giveUp(next.delivery)
        })
        .catch((error: unknown) => failed('noting a failed send', error))
        .finally(() => {
          flying -= 1
          lane.inFlight.delete(next.delivery.seq)
          lane.movedAt = clock.now()
          pump(lane)
        })
    }
  }

  const wake = (lane: Lane, at: number): void => {
    lane.stopTimer?.()
    lane.stopTimer = clock.at(at, () => pump(lane))
  }

  async function deliver(lane: Lane, row: LaneRow): Promise<void> {
    const { delivery } = row
    const startedAt = clock.now()
    if (startedAt >= delivery.expireAt) {
      const expired = { ok: false, givenUp: 'expired' } as const
      return report({ kind: 'outcome', delivery, result: expired, startedAt, endedAt: startedAt })
    }
    const sending: Delivery = { ...delivery, state: 'sending', attempts: delivery.attempts + 1 }
    const parts = lane.sender.render(sending, row.events ?? (await eventsOf(delivery)))
    const sent = delivery.attempts === 0 ? new Map<number, StoredPart>() : await partsSent(delivery.id)
    const stored = parts.map(({ text }, number) => sent.get(number) ?? { delivery: delivery.id, number, text })
    try {
      await intake.note({ deliveries: [sending], parts: stored })
    } catch (error) {
      failed('noting a send', error)
      lane.queue.unshift(row)
      lane.lastStartAt = clock.now() + storeRetryMs - lane.sender.minIntervalMs
      return wake(lane, clock.now() + storeRetryMs)
    }
    const result = await sendParts(lane.sender, sending, parts, sent)
    await report({ kind: 'outcome', delivery: sending, result, startedAt, endedAt: clock.now() })
  }

  /** Our own bug, such as a message that cannot be rendered at all: it must not stay queued unseen. */
  async function giveUp(delivery: Delivery): Promise<void> {
    if (stopped) return
    const now = clock.now()
    const detail = 'Sereno itself failed while sending this; its log says more'
    const result: Outcome = { ok: false, reason: 'rejected', retry: false, maybeDelivered: false, detail }
    await report({ kind: 'outcome', delivery, result, startedAt: now, endedAt: now })
  }

  /** Sends what was not sent yet; the first refusal ends it. */
  async function sendParts(
    sender: Sender,
    delivery: Delivery,
    parts: readonly RenderedPart[],
    sent: ReadonlyMap<number, StoredPart>,
  ): Promise<Outcome> {
    let handle: string | undefined
    let note: string | undefined
    const before = await handlesOf(delivery)
    for (const [number, part] of parts.entries()) {
      const stored = sent.get(number)
      handle ??= stored?.handle
      if (stored?.sentAt !== undefined) continue
      const outcome = await sender.send(
        part,
        delivery,
        number,
        handle === undefined ? before : { first: handle, ...before, last: handle },
      )
      if (!outcome.ok) return outcome
      handle ??= outcome.handle
      note ??= outcome.note
      if (parts.length === 1) continue
      const named = outcome.handle === undefined ? {} : { handle: outcome.handle }
      const done = { delivery: delivery.id, number, text: part.text, sentAt: clock.now(), ...named }
      await untilStored('noting a part', () => intake.note({ parts: [done] }))
    }
    return { ok: true, ...(handle === undefined ? {} : { handle }), ...(note === undefined ? {} : { note }) }
  }

  /** The first message of a thread has none before it. */
  async function handlesOf({ kind, channel, recipient, thread }: Delivery): Promise<Handles> {
    if (kind === 'open' || kind === 'digest') return {}
    return untilStored('reading a thread', () => store.handles(channel, recipient, thread))
  }

  function eventsOf(delivery: Delivery): Promise<readonly HubEvent[]> {
    return untilStored('reading the events of a message', () => store.namedEvents(delivery.events))
  }

  async function partsSent(delivery: string): Promise<ReadonlyMap<number, StoredPart>> {
    const detail = await untilStored('reading parts', () => store.delivery(delivery))
    return new Map((detail?.parts ?? []).filter((part) => part.sentAt !== undefined).map((part) => [part.number, part]))
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
      const lane = lanes.get(channel) ?? openLane(channel, sender, clock.now())
      lane.sender = sender
      lane.outage ??= atMostAnHour(outages.state.get(channelStateKey(channel)) as Outage | undefined, clock.now())
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
    lanes: () => Array.from(lanes.values(), viewOf),
  }
}
