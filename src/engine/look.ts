// What lists and `why` show of a store, as JSON: the same from a running hub and from the file itself.
import { fromId, toId } from '../lib/id.ts'
import type { Rule } from '../rule.ts'
import type { Attempt, DeliveryDetail, DeliveryQuery, EventQuery, Store } from '../store/store.ts'
import type { Delivery, HubEvent, Verdict } from '../words.ts'
import { explainEvent, type Why } from './why.ts'

export type LookStore = Pick<Store, 'events' | 'event' | 'verdicts' | 'deliveries' | 'delivery' | 'totals' | 'states'>

/** Times are ISO 8601 in UTC. */
export interface EventEntry extends Omit<HubEvent, 'seq' | 'time' | 'receivedAt' | 'cause'> {
  readonly time: string
  readonly receivedAt: string
  /** Id of the input that the hub made this event from. */
  readonly cause?: string
  readonly verdicts: readonly VerdictEntry[]
}

export interface VerdictEntry extends Omit<Verdict, 'event' | 'until' | 'at'> {
  readonly until?: string
  readonly at: string
}

export interface DeliveryEntry extends Omit<
  Delivery,
  'seq' | 'events' | 'extra' | 'createdAt' | 'dueAt' | 'expireAt' | 'endedAt' | 'thread'
> {
  readonly events: readonly string[]
  readonly createdAt: string
  readonly dueAt: string
  readonly expireAt: string
  readonly endedAt?: string
}

export interface DeliveryPage extends DeliveryEntry {
  readonly tried: readonly AttemptEntry[]
  /** The texts as they were sent. */
  readonly texts: readonly string[]
}

export interface AttemptEntry extends Omit<Attempt, 'delivery' | 'startedAt' | 'endedAt'> {
  readonly startedAt: string
  readonly endedAt: string
}

export interface EventPage extends EventEntry {
  readonly deliveries: readonly DeliveryPage[]
  readonly why: Why
}

export interface EventList {
  readonly events: readonly EventEntry[]
  /** Ask with `before` set to this for the rest; absent: there is none. */
  readonly next?: string
}

export interface DeliveryList {
  readonly deliveries: readonly DeliveryEntry[]
  readonly next?: string
}

const shownDeliveries = 50

/** Newest first. */
export async function listEvents(store: LookStore, query: EventQuery): Promise<EventList> {
  const events = await store.events(query)
  const verdicts = await store.verdicts(events.map((event) => event.seq))
  const byEvent = Map.groupBy(verdicts, (verdict) => verdict.event)
  return {
    events: events.map((event) => eventEntry(event, byEvent.get(event.seq) ?? [])),
    ...nextPage(events, query.limit),
  }
}

export async function listDeliveries(store: LookStore, query: DeliveryQuery): Promise<DeliveryList> {
  const deliveries = await store.deliveries(query)
  return { deliveries: deliveries.map(deliveryEntry), ...nextPage(deliveries, query.limit) }
}

/** The event with all that became of it; undefined: there is none by that id, or no longer. */
export async function lookUpEvent(
  store: LookStore,
  id: string,
  place: { readonly rules?: readonly Rule[]; readonly zone: string },
): Promise<EventPage | undefined> {
  const seq = fromId(id)
  const event = seq === undefined ? undefined : await store.event(toId(seq))
  if (event === undefined) return undefined
  const verdicts = await store.verdicts([event.seq])
  // Whatever names an event has a verdict for it; the search is not for free.
  const naming = verdicts.length === 0 ? [] : await store.deliveries({ event: event.seq, limit: shownDeliveries })
  const ids = new Set([...verdicts.flatMap((verdict) => verdict.into ?? []), ...naming.map((entry) => entry.id)])
  const found = await Promise.all([...ids].map((into) => store.delivery(into)))
  const deliveries = found.filter((detail) => detail !== undefined)
  return {
    ...eventEntry(event, verdicts),
    deliveries: deliveries.map(deliveryPage),
    why: explainEvent({ event, verdicts, deliveries, ...place }),
  }
}

export async function lookUpDelivery(store: LookStore, id: string): Promise<DeliveryPage | undefined> {
  const seq = fromId(id)
  const detail = seq === undefined ? undefined : await store.delivery(toId(seq))
  return detail === undefined ? undefined : deliveryPage(detail)
}

function eventEntry(event: HubEvent, verdicts: readonly Verdict[]): EventEntry {
  const { seq: _, time, receivedAt, cause, ...rest } = event
  return {
    ...rest,
    time: iso(time),
    receivedAt: iso(receivedAt),
    ...(cause === undefined ? {} : { cause: toId(cause) }),
    verdicts: verdicts.map(verdictEntry),
  }
}

function verdictEntry({ event: _, until, at, ...rest }: Verdict): VerdictEntry {
  return { ...rest, ...(until === undefined ? {} : { until: iso(until) }), at: iso(at) }
}

function deliveryEntry(delivery: Delivery): DeliveryEntry {
  const { seq: _, extra: __, thread: ___, events, createdAt, dueAt, expireAt, endedAt, ...rest } = delivery
  return {
    ...rest,
    events: events.map(toId),
    createdAt: iso(createdAt),
    dueAt: iso(dueAt),
    expireAt: iso(expireAt),
    ...(endedAt === undefined ? {} : { endedAt: iso(endedAt) }),
  }
}

function deliveryPage({ delivery, tried, parts }: DeliveryDetail): DeliveryPage {
  return {
    ...deliveryEntry(delivery),
    tried: tried.map(({ delivery: _, startedAt, endedAt, ...rest }) => ({
      ...rest,
      startedAt: iso(startedAt),
      endedAt: iso(endedAt),
    })),
    texts: parts.map((part) => part.text),
  }
}

function nextPage(rows: readonly { readonly id: string }[], limit: number): { readonly next?: string } {
  const last = rows.at(-1)
  return last === undefined || rows.length < limit ? {} : { next: last.id }
}

function iso(at: number): string {
  return new Date(at).toISOString()
}
