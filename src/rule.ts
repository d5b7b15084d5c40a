// The contract of rules after the config was read: what the judge is given.
import type { Matcher } from './lib/matchers.ts'
import type { Mute } from './rule-mute.ts'
import type { DeliveryExtra, Follows, HubEvent, Job, Json, Severity } from './words.ts'

export interface Rule {
  readonly name: string
  /** Event types; `*` stands for any characters. */
  readonly on: readonly string[]
  readonly where: readonly Matcher[]
  /** Tells the event with this severity instead of its own. */
  readonly severity?: Severity
  readonly dedupe?: { readonly by: readonly string[]; readonly forMs: number; readonly tell: 'next' | 'end' }
  readonly group?: Group
  readonly throttle?: Throttle
  /** Says after each such span that a condition is still open. */
  readonly remindMs?: number
  readonly template?: Template
  readonly to: readonly string[]
  readonly stop: boolean
}

/** What comes together is told together: the first at once (or after `waitMs`), the rest when the interval is over. */
export interface Group {
  readonly by: readonly string[]
  readonly waitMs: number
  readonly intervalMs: number
  /** Fewer are told one by one. */
  readonly min: number
}

/** At most `max` messages in any span of `perMs`. */
export interface Throttle {
  readonly max: number
  readonly perMs: number
}

/** Liquid texts that replace an event type's words. */
export interface Template {
  readonly title?: string
  readonly text?: string
}

/**
 * One stage of the way to a person; pure. Stages see one event, for one rule and one channel, in a fixed order
 * (`stages` in engine/stages.ts), and only decide whether to tell.
 */
export type Stage = (given: StageInput) => StageResult

export interface StageInput {
  readonly event: HubEvent
  readonly rule: Rule
  readonly channel: string
  /** With which it would be told. */
  readonly severity: Severity
  /** As left by the inputs before this one. */
  readonly state: StageState
  /** Hub time. */
  readonly now: number
  /** The events' own time; never goes back for one source and host. */
  readonly judgeNow: number
  /** Older one-shots of this event's source are late news. */
  readonly maxAgeMs: number
  /** Each event of its type is news, and none a repeat. */
  readonly isEach: boolean
  /** The channel's own pace over all rules. */
  readonly channelThrottle: Throttle | undefined
  readonly mutes: readonly Mute[]
}

export interface StageState {
  get(key: string): Json | undefined
  put(key: string, value: Json | undefined, expiresAt?: number): void
  job(job: Job): void
  cancel(key: string): void
}

export type StageResult =
  | {
      readonly pass: true
      /** What the message says beside the event's own words. */
      readonly extra?: DeliveryExtra
      /** Called once the event is on its way, with the message it went into (absent: it waits in a bundle). */
      accepted?(delivery: string | undefined): void
    }
  | {
      readonly pass: false
      readonly state: 'merged' | 'suppressed'
      readonly reason: string
      /** The message; or the event that it goes with, which has none yet. */
      readonly into?: string | Follows
      readonly until?: number
    }
  /** Kept with others and told as one when `at` comes. */
  | {
      readonly pass: false
      readonly state: 'held'
      readonly reason: string
      readonly bundle: string
      readonly at: number
      readonly source?: string
      /** Waits for the report of this host. */
      readonly host?: string
      /** What holds it may be over before `at`. */
      readonly endsEarly?: true
    }

export const passes: StageResult = { pass: true }
