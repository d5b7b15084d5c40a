// Small steps that a condition's threads are moved by: adding one, saying something in it, putting news into what waits; pure.
import { toId } from '../lib/id.ts'
import type { ConditionNote, Delivery, DeliveryExtra, Follows, IntentKind, Severity, Verdict } from '../words.ts'
import { takeOut } from './bundle.ts'
import { type ConditionRow, jobKeys, keyOfRow, putRow, readRow, type Thread } from './condition-row.ts'
import type { Draft } from './draft.ts'
import type { Judge } from './judge.ts'
import { expireAtOf, tell } from './tell.ts'

export interface ThreadTools {
  readonly judge: Judge
  readonly draft: Draft
  readonly now: number
}

export type Ending = readonly [
  state: Verdict['state'],
  by: string,
  reason: string,
  /** A message; or of what has none yet, the event that it waits with. */
  into?: string | Follows | undefined,
  until?: number | undefined,
]

/** Adds threads to a condition, in place of those of the same rule and recipients. */
export function addThreads(key: string, threads: readonly Thread[], { draft, now }: ThreadTools): void {
  const row = readRow(draft, key)
  if (row === undefined) return
  const isNew = (old: Thread): boolean => !threads.some((one) => isSame(one, old))
  putRow(draft, { ...row, threads: [...row.threads.filter(isNew), ...threads] }, now)
}

/** The message that tells of it in a thread; or as long as there is none, the event that it waits with. */
export function heardIn({ behind, delivery, event, rule }: Thread): string | Follows | undefined {
  const message = delivery ?? behind
  if (message !== undefined) return toId(message)
  return event === undefined ? undefined : { event, rule }
}

/** The thread of messages that say that a condition began. */
export function pendingThreads(deliveries: readonly Delivery[], rule: string): Thread[] {
  return deliveries.map(({ channel, recipient, seq, severity }) => {
    return { rule, channel, recipient, state: 'pending', delivery: seq, severity }
  })
}

/** What a message says of the condition beside the event's words. */
export function noteOf(row: ConditionRow, more: Partial<ConditionNote> = {}): DeliveryExtra {
  return { conditions: [keyOfRow(row)], condition: { since: row.since, title: row.title, ...more } }
}

/** Says something in the thread of each of these, which are of one rule and channel. */
export function say(
  row: ConditionRow,
  kind: IntentKind,
  event: number,
  threads: readonly Thread[],
  severity: Severity,
  extra: DeliveryExtra,
  { judge, draft, now }: ThreadTools,
): readonly Delivery[] {
  const [first] = threads
  if (first === undefined) return []
  const { rule, channel } = first
  const recipients = threads.map((thread) => thread.recipient)
  const events = [{ seq: event, rule }]
  const before = first.state === 'pending' && first.delivery !== undefined ? draft.delivery(first.delivery) : undefined
  const more = before?.kind === 'digest' ? { ...extra, after: before.thread } : extra
  const intent = { channel, rule, kind, thread: first.in ?? row.thread, events, severity, extra: more, recipients }
  return tell(draft, judge, intent, now)
}

/**
 * May not be changed any more: it goes out again as it was, and so does one that is known to its service by a key. A
 * report tells of much more than this condition.
 */
export function mayHaveArrived({ unanswered, extra }: Delivery): boolean {
  return unanswered > 0 || extra.keyed === true || extra.report === true
}

export function superseded({ id }: Delivery): Ending {
  return ['merged', 'condition', 'something newer was told in its place', id]
}

/** What is put into a message that waits. */
export interface News {
  readonly event: number
  readonly note: DeliveryExtra
  /** Absent: as they were. */
  readonly kind?: IntentKind
  readonly severity?: Severity
  /** For the verdict. */
  readonly reason: string
}

/**
 * Puts news into a message of a thread that waits to be sent, in place of what was put there before; undefined when the
 * message may have left or is settled. One that leaves at this moment is found out by its outcome, which names the
 * events it had.
 */
export function fold(thread: Thread, seq: number | undefined, news: News, tools: ThreadTools): Thread | undefined {
  const { draft } = tools
  const delivery = seq === undefined ? undefined : draft.delivery(seq)
  if (delivery === undefined || mayHaveArrived(delivery)) return undefined
  if (delivery.state !== 'queued' && delivery.state !== 'retrying') return undefined
  const next = delivery.kind === 'digest' ? foldEnd(delivery, thread, news) : folded(delivery, thread, news)
  if (next === undefined) return undefined
  draft.deliveries.set(next.seq, next)
  const { folded: last } = thread
  // Put into another message as that left: should it be there, its outcome says so.
  if (last !== undefined && last.into !== next.seq) verdict(tools, last.event, thread, superseded(next))
  const before = last?.into === next.seq ? last.event : undefined
  if (before !== undefined && !next.events.includes(before)) verdict(tools, before, thread, superseded(next))
  const state = delivery.kind === 'digest' && delivery.extra.settled === true ? 'merged' : 'queued'
  verdict(tools, news.event, thread, [state, 'outbox', news.reason, next.id])
  return { ...thread, folded: { into: next.seq, event: news.event } }
}

function folded(delivery: Delivery, thread: Thread, { event, note, kind, severity }: News): Delivery {
  const { settled, ...extra } = delivery.extra
  // The end is told in the words of what was new last.
  const isEnd = note.condition?.endedAt !== undefined
  const before = thread.folded?.into === delivery.seq && !isEnd ? thread.folded.event : undefined
  // A reminder names what was told before: only what is new decides a verdict.
  const known =
    settled === true ? [] : delivery.events.filter((one, index) => one !== event && (one !== before || index === 0))
  return {
    ...delivery,
    events: [...known, event],
    severity: severity ?? delivery.severity,
    kind: kind ?? delivery.kind,
    ...(kind === 'end' ? { expireAt: expireAtOf(kind, undefined, delivery.createdAt) } : {}),
    extra: { ...extra, ...note },
  }
}

/** A digest names others too: of this one it says no more than that it has ended. */
function foldEnd(delivery: Delivery, thread: Thread, { event, note }: News): Delivery | undefined {
  const endedAt = note.condition?.endedAt
  if (endedAt === undefined || thread.event === undefined) return undefined
  return withEnd(delivery, thread, [event], endedAt)
}

/** A digest in which a condition has ended since, by events of which its thread's rule has to hear. */
export function withEnd(delivery: Delivery, thread: Thread, news: readonly number[], endedAt: number): Delivery {
  const { extra, events, rule } = delivery
  const before = events.map((_event, index) => extra.rules?.[index] ?? rule)
  const rules = [...before, ...news.map(() => thread.rule)]
  const ended = thread.event === undefined ? {} : { ended: { ...extra.ended, [thread.event]: endedAt } }
  return { ...delivery, events: [...events, ...news], extra: { ...extra, rules, ...ended } }
}

export function verdict(
  { draft, now }: ThreadTools,
  event: number,
  { rule, channel }: Pick<Thread, 'rule' | 'channel'>,
  [state, by, reason, into, until]: Ending,
): void {
  draft.verdicts.push({
    event,
    rule,
    channel,
    state,
    by,
    reason,
    at: now,
    ...(into === undefined ? {} : typeof into === 'string' ? { into } : { follows: into }),
    ...(until === undefined ? {} : { until }),
  })
}

/** What held or bundled its beginning no longer does. */
export function release(row: ConditionRow, thread: Thread, ending: Ending, tools: ThreadTools): void {
  tools.draft.cancel(jobKeys.still(keyOfRow(row), thread.rule, thread.channel))
  takeOut(tools.draft, thread)
  verdict(tools, thread.event ?? row.opening, thread, ending)
}

export function endOf(row: ConditionRow): Partial<ConditionNote> {
  const { endedAt, endedBy } = row
  return { ...(endedAt === undefined ? {} : { endedAt }), ...(endedBy === undefined ? {} : { endedBy }) }
}

export function isSame(one: Thread, other: Pick<Thread, 'rule' | 'channel' | 'recipient'>): boolean {
  return one.rule === other.rule && one.channel === other.channel && one.recipient === other.recipient
}

export function sentBy(delivery: Delivery | undefined, kind: 'change' | 'end'): Partial<Thread> {
  if (delivery === undefined) return {}
  return kind === 'end' ? { behind: delivery.seq, end: delivery.seq } : { behind: delivery.seq }
}

export function without<Key extends keyof Thread>(thread: Thread, key: Key): Omit<Thread, Key> {
  const { [key]: _gone, ...rest } = thread
  return rest
}
