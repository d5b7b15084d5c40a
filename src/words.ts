// The glossary of Sereno as types: what flows through the house, in the words of docs/architecture.md.
//
// event      something that happened once; condition: something that begins and ends
// rule       which events matter, how they are calmed, which channels hear of them
// verdict    what became of one event for one rule and one channel
// intent     "tell this channel, in this thread, about these events"; made by the judge, stored as a delivery
// delivery   one message to one recipient of one channel; attempts are kept
// job        durable work due at a time
// Points in time are milliseconds since 1970 in UTC and end in `At`; durations say their unit (`waitMs`).

export type { Asked, Graph, Message, MessageField, MessageStage } from './words-message.ts'

export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export type JsonObject = { readonly [key: string]: Json }

export type Severity = 'info' | 'warning' | 'error' | 'critical'
export const severities = ['info', 'warning', 'error', 'critical'] as const satisfies readonly Severity[]

/** What senders may say, beside our own words what others call them. */
export const severityOf: ReadonlyMap<unknown, Severity> = new Map([
  ...severities.map((severity) => [severity, severity] as const),
  ['none', 'info'],
  ['alarm', 'critical'],
  ['alert', 'critical'],
  ['page', 'critical'],
])

/** Something that begins and ends, as one event tells of it. */
export interface Condition {
  /** Unique within its source, so that no sender can end another's. */
  readonly key: string
  /** `changed` is told in the thread of the beginning; firing again with nothing new only says that it still is so. */
  readonly state: 'firing' | 'changed' | 'resolved'
  /** When it began (or, of an end, ended), where that is not the event's own time. */
  readonly since?: number
  /** Ends by itself then, unless another event moves this. */
  readonly endsAt?: number
  /** Ends by itself when nothing was heard of it for so long; our own absence does not count. */
  readonly expireAfterMs?: number
}

/** What a source saw and no person need hear of: food for watches, kept for a shorter time. */
export interface NewFact {
  /** What it is about, such as `backup.plan`. */
  readonly name: string
  /** Whose it is within the source: a plan, a guest, a mount. */
  readonly key: string
  /** When it was seen; absent: when it was received. */
  readonly time?: number
  readonly host?: string
  readonly data: JsonObject
}

/** A fact as stored. */
export interface Fact extends NewFact {
  readonly seq: number
  readonly source: string
  readonly time: number
  readonly receivedAt: number
}

/** What a source hands in; the hub adds identity, receipt and labels. */
export interface NewEvent {
  readonly type: string
  /** When it happened; absent: when it was received. */
  readonly time?: number
  readonly host?: string
  readonly subject?: string
  /** Absent: the event type's own. */
  readonly severity?: Severity
  readonly labels?: { readonly [name: string]: string }
  readonly data?: JsonObject
  readonly title?: string
  readonly text?: string
  readonly condition?: Condition
  /** Lets a sender repeat itself without being counted twice, for seven days. */
  readonly identity?: { readonly producer: string; readonly id: string }
}

/** Something that happened once, as stored. */
export interface HubEvent {
  /** Position in the one order of all inputs; `id` is the same number as people read it. */
  readonly seq: number
  readonly id: string
  readonly type: string
  readonly time: number
  readonly receivedAt: number
  readonly source: string
  readonly host?: string
  readonly subject?: string
  readonly severity: Severity
  /** All that rules and silences see, beside source, host, type and severity. */
  readonly labels: { readonly [name: string]: string }
  readonly data: JsonObject
  readonly title?: string
  readonly text?: string
  readonly condition?: Condition
  /** The input this event was derived from by the hub itself. */
  readonly cause?: number
}

/** `queued` and `held` are no ends: a delivery or a job ends them. `recorded` is the absence of any verdict. */
export type VerdictState = 'queued' | 'held' | 'delivered' | 'unknown' | 'merged' | 'suppressed' | 'expired' | 'dead'
export const finalVerdicts: readonly VerdictState[] = [
  'delivered',
  'unknown',
  'merged',
  'suppressed',
  'expired',
  'dead',
]

export interface Verdict {
  readonly event: number
  readonly rule: string
  readonly channel: string
  readonly state: VerdictState
  /** The stage that decided, or `outbox`. */
  readonly by: string
  /** In words for `sereno why`, without a full stop. */
  readonly reason: string
  /** The message (delivery id) it went into. */
  readonly into?: string
  /** Merged into what had no message yet: what becomes of that becomes of this. The store gives what that was. */
  readonly follows?: Follows
  readonly until?: number
  readonly at: number
}

/** The verdict of another event, by its rule, on the same channel. */
export type Follows = {
  readonly event: number
  readonly rule: string
}

export type IntentKind = 'open' | 'change' | 'remind' | 'end' | 'note' | 'digest'

/** `replaced`: what it had to say went out with a newer message of its thread. */
export type DeliveryState =
  | 'queued'
  | 'sending'
  | 'retrying'
  | 'delivered'
  | 'unknown'
  | 'dead'
  | 'expired'
  | 'replaced'
export const finalDeliveries: readonly DeliveryState[] = ['delivered', 'unknown', 'dead', 'expired', 'replaced']

/** One message to one recipient of one channel. */
export interface Delivery {
  readonly id: string
  readonly seq: number
  readonly channel: string
  readonly recipient: string
  /** Messages of one thread go out in order, one at a time. */
  readonly thread: string
  readonly kind: IntentKind
  readonly rule: string
  /** Positions of the events this message names. */
  readonly events: readonly number[]
  readonly severity: Severity
  /** What the composer adds to the events' own words. */
  readonly extra: DeliveryExtra
  readonly state: DeliveryState
  readonly attempts: number
  /** Sends that got no answer and may have arrived. */
  readonly unanswered: number
  readonly createdAt: number
  readonly dueAt: number
  readonly expireAt: number
  readonly endedAt?: number
  readonly lastReason?: Reason
  readonly lastDetail?: string
  /** What the service calls our message, for edits and answers. */
  readonly handle?: string
}

export interface DeliveryExtra {
  /** Repeats of the same key held since the last message. */
  readonly held?: number
  readonly heldSince?: number
  /** Events that a digest counts without naming them. */
  readonly unnamed?: number
  /** Why a digest was held back: "throttle", "late". */
  readonly heldBy?: string
  /** The channel that could not be told, when this is its fallback. */
  readonly fallbackFor?: string
  /** Channels that were tried before this one. */
  readonly tried?: readonly string[]
  /** The verdicts of the named events have ended already (merged): the outcome does not move them. */
  readonly settled?: true
  /** It may have arrived, and its service knows it by its key: another text under the same key would be dropped. */
  readonly keyed?: true
  /** The rule of each named event, where it is not the delivery's own. */
  readonly rules?: readonly string[]
  /** A plain note instead of an event's words. */
  readonly title?: string
  readonly lines?: readonly string[]
  /** Says what was held of a host; conditions named in it go on in its thread. */
  readonly report?: true
  /** Keys of the rows of the conditions told of here; their threads hear of the outcome. */
  readonly conditions?: readonly string[]
  /** Of the one condition told of here. */
  readonly condition?: ConditionNote
  /** Not before what waits in this thread: the digest that names its beginning. */
  readonly after?: string
  /** Of a digest: conditions that have ended meanwhile, by the position of the event that names them. */
  readonly ended?: { readonly [event: string]: number }
  /** Positions of the same message for all recipients of the channel: together they decide the verdict. */
  readonly siblings?: readonly number[]
  /** Of its events that another recipient has heard of already: by which message. */
  readonly heard?: { readonly [event: number]: string }
}

/** What a message says of a condition beside its event's own words. */
export interface ConditionNote {
  readonly since: number
  /** What it was last called. */
  readonly title: string
  readonly endedAt?: number
  readonly endedBy?: ConditionEnd
  /** Before this change. */
  readonly was?: Severity
  /** So many times it began within a short time. */
  readonly began?: number
  /** The n-th reminder. */
  readonly reminder?: number
}

/** Why a condition is over: its source said so, it was not heard of, a person closed it, nobody looks any more. */
export type ConditionEnd = 'resolved' | 'expired' | 'closed' | 'source-removed' | 'watch-removed'

/** Why the world refused; also the metric label, the log field and a heading in docs/problems.md. */
export const reasons = [
  'timeout',
  'unreachable',
  'tls',
  'rate-limited',
  'unauthorised',
  'rejected',
  'too-large',
  'server-error',
  'misconfigured',
  'gone',
] as const
export type Reason = (typeof reasons)[number]

export type Outcome =
  | {
      readonly ok: true
      readonly handle?: string
      /** What is to be known of it beside, such as that nothing was sent; without a full stop. */
      readonly note?: string
    }
  | {
      readonly ok: false
      readonly reason: Reason
      /** Whether the same request may succeed later. */
      readonly retry: boolean
      /** Whether the message may have arrived all the same. */
      readonly maybeDelivered: boolean
      readonly retryAfterMs?: number
      /** One sentence for people, without secrets. */
      readonly detail: string
    }

export interface Job {
  /** Unique; the same key replaces. Equal to the state key it works on. */
  readonly key: string
  readonly kind: string
  readonly dueAt: number
  /** `judge` follows the events' own time and waits while `source` catches up; `hub` is our wall clock; `calendar` is never shifted. */
  readonly clock: 'judge' | 'hub' | 'calendar'
  readonly source?: string
  /** Of a job that stands for silence: after our own absence it is due a full period later. */
  readonly periodMs?: number
  readonly body: Json
}

/** A person's mistake; all of them are told at once. */
export interface Issue {
  /** Where in the document, such as `rules.0.to`. */
  readonly path: string
  readonly file?: string
  readonly line?: number
  readonly column?: number
  /** What is wrong; what would be right. */
  readonly message: string
}
