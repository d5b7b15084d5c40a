// Makes deliveries of what the judge wants told, and bundles of what must wait; pure.
import { toId } from '../lib/id.ts'
import { severities, type Delivery, type DeliveryExtra, type IntentKind, type Severity } from '../words.ts'
import type { Draft } from './draft.ts'
import type { Judge } from './judge.ts'

export interface Intent {
  readonly channel: string
  readonly rule: string
  readonly kind: IntentKind
  readonly thread: string
  /** The events named, each with the rule that wants it told. */
  readonly events: readonly Named[]
  readonly severity: Severity
  readonly extra: DeliveryExtra
  /** Verdicts of the named events; `merged` when they end here, absent when the delivery decides. */
  readonly verdict?: 'merged'
  readonly by?: string
}

export interface Named {
  readonly seq: number
  readonly rule: string
}

/** What waits under a bundle key; told as one by its job. */
export type Bundle = {
  readonly channel: string
  readonly rule: string
  readonly by: string
  readonly events: readonly { readonly seq: number; readonly rule: string }[]
  /** Events beyond those named, and repeats that the named ones stood for. */
  readonly unnamed: number
  readonly since: number
  readonly severity: Severity
}

/** More than a person reads in one message; the rest is counted. */
const namedAtMost = 100

/** Queues one delivery per recipient and returns the first one's id. */
export function tell(draft: Draft, judge: Judge, intent: Intent, now: number): string {
  const channel = judge.channels.get(intent.channel)
  const own = intent.events.every((named) => named.rule === intent.rule)
  const extra: DeliveryExtra = {
    ...intent.extra,
    ...(own ? {} : { rules: intent.events.map((named) => named.rule) }),
    ...(intent.verdict === undefined ? {} : { settled: true as const }),
  }
  let first: string | undefined
  for (const recipient of channel?.recipients ?? ['']) {
    const seq = draft.takeSeq()
    const id = toId(seq)
    first ??= id
    const delivery: Delivery = {
      seq,
      id,
      channel: intent.channel,
      recipient,
      thread: intent.thread,
      kind: intent.kind,
      rule: intent.rule,
      events: intent.events.map((named) => named.seq),
      severity: intent.severity,
      extra,
      state: 'queued',
      attempts: 0,
      unanswered: 0,
      createdAt: now,
      dueAt: now,
      expireAt: now + (channel?.expireAfterMs ?? 86_400_000),
    }
    draft.deliveries.set(seq, delivery)
  }
  const into = first ?? toId(draft.takeSeq())
  for (const { seq, rule } of intent.events) {
    draft.verdicts.push({
      event: seq,
      rule,
      channel: intent.channel,
      state: intent.verdict ?? 'queued',
      by: intent.by ?? 'outbox',
      reason: intent.verdict === 'merged' ? `told with others (${intent.by ?? 'digest'})` : 'waits to be sent',
      into,
      at: now,
    })
  }
  return into
}

export interface Held {
  readonly bundle: string
  readonly at: number
  readonly by: string
  readonly channel: string
  readonly rule: string
  readonly event: { readonly seq: number; readonly source: string; readonly time: number; readonly severity: Severity }
  readonly repeats: number
  readonly source?: string
  readonly reason: string
}

/** Puts an event into a bundle; the bundle's job, set by its first event, tells it. */
export function hold(draft: Draft, held: Held, now: number): void {
  const known = draft.get(held.bundle) as Bundle | undefined
  const open: Bundle = known ?? {
    channel: held.channel,
    rule: held.rule,
    by: held.by,
    events: [],
    unnamed: 0,
    since: held.event.time,
    severity: held.event.severity,
  }
  const named = open.events.length < namedAtMost
  draft.put(held.bundle, {
    ...open,
    events: named ? [...open.events, { seq: held.event.seq, rule: held.rule }] : open.events,
    unnamed: open.unnamed + held.repeats + (named ? 0 : 1),
    severity: worst(open.severity, held.event.severity),
  })
  if (known === undefined) {
    draft.job({
      key: held.bundle,
      kind: 'bundle',
      dueAt: held.at,
      clock: 'hub',
      ...(held.source === undefined ? {} : { source: held.source }),
      body: null,
    })
  }
  draft.verdicts.push({
    event: held.event.seq,
    rule: held.rule,
    channel: held.channel,
    state: named ? 'held' : 'merged',
    by: held.by,
    reason: named ? held.reason : `${held.reason}; counted in the digest without its name`,
    until: held.at,
    at: now,
  })
}

export function worst(one: Severity, other: Severity): Severity {
  return severities.indexOf(one) >= severities.indexOf(other) ? one : other
}
