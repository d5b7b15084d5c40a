// The kinds of input: facts and events, due jobs, commands, outcomes, configs; all pass through the same transaction, get one position each and are kept.
import type { Silence } from '../rules/silence.ts'
import type { ConditionEnd, Delivery, Job, Json, NewEvent, NewFact, Outcome } from '../words.ts'

export type Input = EventInput | FactInput | JobInput | CommandInput | ReportInput | ConfigInput

export interface EventInput {
  readonly kind: 'event'
  readonly source: string
  readonly event: NewEvent
  readonly receivedAt: number
}

export interface FactInput {
  readonly kind: 'fact'
  readonly source: string
  readonly fact: NewFact
  readonly receivedAt: number
}

export interface JobInput {
  readonly kind: 'job'
  readonly job: Job
}

export interface CommandInput {
  readonly kind: 'command'
  readonly command: Command
}

export type Command =
  /** Sends a dead, expired or waiting delivery again, now. */
  | { readonly name: 'retry'; readonly delivery: Delivery }
  /** Tells one channel and no other, past all rules. */
  | { readonly name: 'tell'; readonly channel: string; readonly event: NewEvent; readonly rule: string }
  /** The wall clock was stepped by so much against the time since boot. */
  | { readonly name: 'clock-jump'; readonly byMs: number }
  /** Ends a condition for another reason than that its source said so. */
  | { readonly name: 'close'; readonly condition: string; readonly by: ConditionEnd }
  /** Nothing of what it covers is told for a while; one with the same id is replaced. */
  | { readonly name: 'silence'; readonly silence: Silence }
  /** It ends now: what it holds, by the jobs that would look at it later, is looked at again. */
  | { readonly name: 'unsilence'; readonly silence: string; readonly held: readonly string[] }
  /** A person looks after a condition: no more reminders until it gets worse. */
  | { readonly name: 'ack'; readonly condition: string; readonly by: string }
  /** The hub was away for so long; jobs that stand for silence are to wait anew. */
  | { readonly name: 'awake'; readonly from: number; readonly until: number; readonly jobs: readonly Job[] }
  /** A watch has a row from the beginning. */
  | { readonly name: 'begin'; readonly watch: string; readonly row: string }
  /** A person has a watch run: its row is stepped with a timer named `now`. */
  | { readonly name: 'run'; readonly watch: string }
  /** A watch is no longer configured: its rows and jobs, by key. */
  | { readonly name: 'forget'; readonly rows: readonly string[]; readonly jobs: readonly string[] }
  /** A person has a host forgotten: watches drop what they keep of it. */
  | { readonly name: 'forget-host'; readonly host: string }
  /** The source could not look up what a watch asked for. */
  | { readonly name: 'unanswered'; readonly source: string; readonly fact: string; readonly key: string }

/** What became of a delivery that was being sent. */
export interface ReportInput {
  readonly kind: 'outcome'
  readonly delivery: Delivery
  readonly result: Outcome | GivenUp
  readonly startedAt: number
  readonly endedAt: number
  /** We stopped while it was being sent: says nothing of the channel. */
  readonly interrupted?: true
}

/** Not the world's refusal: we stop trying. */
export interface GivenUp {
  readonly ok: false
  readonly givenUp: 'expired' | 'channel-gone'
}

/** A config put into force; `document` is the file with its secrets as references. */
export interface ConfigInput {
  readonly kind: 'config'
  readonly document: Json
}
