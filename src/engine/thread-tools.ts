// Small steps that a condition's threads are moved by: adding one, saying something in it, putting news into what waits; pure.
import type { ConditionNote, Delivery, DeliveryExtra, IntentKind, Severity, Verdict } from '../words.ts'
import { type ConditionRow, keyOfRow, putRow, readRow, type Thread } from './condition-row.ts'
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
  into?: string | undefined,
  until?: number | undefined,
]

/** Adds threads to a condition, in place of those of the same rule and recipients. */
export function addThreads(key: string, threads: readonly Thread[], { draft, now }: ThreadTools): void {
  const row = readRow(draft, key)
  if (row === undefined) return
  const isNew = (old: Thread): boolean => !threads.some((one) => isSame(one, old))
  putRow(draft, { ...row, threads: [...row.threads.filter(isNew), ...threads] }, now)
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
  return tell(draft, judge, { channel, rule, kind, thread: row.thread, events, severity, extra, recipients }, now)
}

/**
 * Puts an event into a message that waits to be sent; undefined when the message may have left or is settled. One that
 * leaves at this moment is found out by its outcome, which names the events it had.
 */
export function fold(
  draft: Draft,
  seq: number | undefined,
  event: number,
  note: DeliveryExtra,
  kind?: IntentKind,
  severity?: Severity,
): Delivery | undefined {
  const delivery = seq === undefined ? undefined : draft.delivery(seq)
  if (delivery === undefined || delivery.unanswered > 0) return undefined
  if (delivery.state !== 'queued' && delivery.state !== 'retrying') return undefined
  const { settled, ...extra } = delivery.extra
  // A reminder names what was told before: only what is new decides a verdict.
  const known = settled === true ? [] : delivery.events.filter((one) => one !== event)
  const next: Delivery = {
    ...delivery,
    events: [...known, event],
    severity: severity ?? delivery.severity,
    kind: kind ?? delivery.kind,
    ...(kind === 'end' ? { expireAt: expireAtOf(kind, undefined, delivery.createdAt) } : {}),
    extra: { ...extra, ...note },
  }
  draft.deliveries.set(next.seq, next)
  draft.revised.add(next.seq)
  return next
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
    ...(into === undefined ? {} : { into }),
    ...(until === undefined ? {} : { until }),
  })
}

export function endOf(row: ConditionRow): Partial<ConditionNote> {
  const { endedAt, endedBy } = row
  return { ...(endedAt === undefined ? {} : { endedAt }), ...(endedBy === undefined ? {} : { endedBy }) }
}

export function isSame(one: Thread, other: Pick<Thread, 'rule' | 'channel' | 'recipient'>): boolean {
  return one.rule === other.rule && one.channel === other.channel && one.recipient === other.recipient
}
