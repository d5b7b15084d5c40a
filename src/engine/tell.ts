// Makes deliveries of what the judge wants told; pure.
import { toId } from '../lib/id.ts'
import type { Delivery, DeliveryExtra, IntentKind, Severity } from '../words.ts'
import type { Draft } from './draft.ts'
import type { ChannelFacts, Judge } from './judge.ts'

export interface Intent {
  readonly channel: string
  readonly rule: string
  readonly kind: IntentKind
  readonly thread: string
  /** The events named, each with the rule that wants it told. */
  readonly events: readonly Named[]
  readonly severity: Severity
  readonly extra: DeliveryExtra
  /** Absent: all of the channel. */
  readonly recipients?: readonly string[]
  /** Verdicts of the named events: `merged` when they end here, `kept` as they are; absent when the delivery decides. */
  readonly verdict?: 'merged' | 'kept'
  readonly by?: string
}

export interface Named {
  readonly seq: number
  readonly rule: string
}

/** Queues one delivery per recipient; what is for a channel that is gone is given up when the input has been stepped. */
export function tell(draft: Draft, judge: Judge, intent: Intent, now: number): readonly Delivery[] {
  const channel = judge.channels.get(intent.channel)
  const own = intent.events.every((named) => named.rule === intent.rule)
  const extra: DeliveryExtra = {
    ...intent.extra,
    ...(own ? {} : { rules: intent.events.map((named) => named.rule) }),
    ...(intent.verdict === undefined ? {} : { settled: true as const }),
  }
  const recipients = intent.recipients ?? channel?.recipients ?? ['']
  const seqs = recipients.map(() => draft.takeSeq())
  const deliveries = recipients.map((recipient, index): Delivery => {
    const seq = seqs[index] ?? 0
    return {
      seq,
      id: toId(seq),
      channel: intent.channel,
      recipient,
      thread: intent.thread,
      kind: intent.kind,
      rule: intent.rule,
      events: intent.events.map((named) => named.seq),
      severity: intent.severity,
      extra: seqs.length > 1 ? { ...extra, siblings: seqs } : extra,
      state: 'queued',
      attempts: 0,
      unanswered: 0,
      createdAt: now,
      dueAt: now,
      expireAt: expireAtOf(intent.kind, channel, now),
    }
  })
  for (const delivery of deliveries) {
    draft.deliveries.set(delivery.seq, delivery)
    if (channel === undefined) draft.orphans.push(delivery)
  }
  if (intent.verdict === 'kept') return deliveries
  const into = deliveries[0]?.id
  for (const { seq, rule } of intent.events) {
    draft.verdicts.push({
      event: seq,
      rule,
      channel: intent.channel,
      state: intent.verdict ?? 'queued',
      by: intent.by ?? 'outbox',
      reason: intent.verdict === 'merged' ? `told with others (${intent.by ?? 'digest'})` : 'waits to be sent',
      ...(into === undefined ? {} : { into }),
      at: now,
    })
  }
  return deliveries
}

/** In effect never: what was told to have begun will be told to have ended, however long its channel is away. */
const endsWaitMs = 10 * 365 * 86_400_000

export function expireAtOf(kind: IntentKind, channel: ChannelFacts | undefined, now: number): number {
  return now + (kind === 'end' ? endsWaitMs : (channel?.expireAfterMs ?? 86_400_000))
}
