// The contract of a watch: pure, it turns facts and events over time into events and conditions. No clock, no I/O.
import type { z } from 'zod'
import type { Mute } from './rule-mute.ts'
import type { Recheck } from './source.ts'
import type { Fact, HubEvent, Json, JsonObject, NewEvent } from './words.ts'

/**
 * A watch that stands beside a source kind of the same name reads that source's options and sees that source only; any
 * other is configured under `watches:` and sees all sources. A watch of both sorts has the same shape.
 */
export interface WatchKind<Options = unknown, State extends Json = Json> {
  /** One sentence for the reference page. */
  readonly about: string
  readonly options: z.ZodType<Options>
  readonly example: { readonly [key: string]: Json }
  /** It stands beside the source kind of its name, and cannot be configured by itself. */
  readonly beside?: true
  /**
   * Its events are said in its own name, whichever source it saw: what it tells of begins and ends although no source
   * has said a word. Without it, in the name of the source of the input.
   */
  readonly inOwnName?: true
  /** The row that is stepped with a timer named `now` when a person has the watch run: `sereno run-schedule`. */
  readonly runs?: string
  /** Names of the facts it wants to see, `*` for any characters. */
  readonly facts?: readonly string[]
  /** Types of the events it wants to see, `*` for any characters. */
  readonly events?: readonly string[]
  /** The rows of state that this input concerns, such as a plan's id; each is stepped by itself. None: it passes by. */
  keys(options: Options, input: WatchSees, place: WatchPlace): readonly string[]
  /** Judges one input for one row. Must not throw; same input, same result. */
  step(
    options: Options,
    state: State | undefined,
    input: WatchInput,
    now: number,
    place: WatchPlace,
  ): WatchResult<State>
  /** Rows that exist from the beginning, whatever is seen: each is stepped with `begin` at start and reload. */
  begin?(options: Options, place: WatchPlace): readonly string[]
  /** Rows that keep something of this host: each is stepped with `forget` when a person has the host forgotten. */
  forget?(options: Options, host: string, place: WatchPlace): readonly string[]
}

export interface WatchPlace {
  /** The watch's name in the config; that of its source when it stands beside one. */
  readonly name: string
  /** IANA name. */
  readonly zone: string
  /** Where the hub (or the source) is. */
  readonly host: string
  /** Absent where nothing is muted, as in tests of one watch. */
  readonly grace?: Grace
  /** The sum of all steps of the wall clock, if there were any: times that a row keeps have moved by it since. */
  readonly steppedMs?: number
}

/** How long what a host does around its boot is held. */
export interface Grace {
  /** From the boot: starts of guests. */
  readonly vmGraceMs: number
  /** From the boot: all else, at most. */
  readonly graceMs: number
  readonly shutdownGraceMs: number
  /** Up for longer when it is first seen, a host has not just booted. */
  readonly maxBootUptimeMs: number
}

export type WatchSees =
  | { readonly kind: 'fact'; readonly fact: Fact }
  | { readonly kind: 'event'; readonly event: HubEvent }

export type WatchInput =
  | (WatchSees & { readonly key: string })
  /** A timer that this row has set is due. */
  | { readonly kind: 'timer'; readonly key: string; readonly name: string; readonly body: Json }
  /** A recheck that could not be answered: time-out, a source that is gone, our own bug. */
  | { readonly kind: 'unanswered'; readonly key: string; readonly name: string; readonly factKey: string }
  /** A person has this host forgotten: what the row keeps of it goes, its conditions end. */
  | { readonly kind: 'forget'; readonly key: string; readonly host: string }
  /** Another row of this watch has something to say to this one. */
  | { readonly kind: 'told'; readonly key: string; readonly from: string; readonly body: Json }
  /** The hub has started, or the options have changed. */
  | { readonly kind: 'begin'; readonly key: string }

export interface WatchResult<State extends Json = Json> {
  /** Absent: as it was; null: the row is no longer needed. */
  readonly state?: State | null
  /**
   * Said in the name of the source of the input, or of the watch itself where there is none or it speaks `inOwnName`;
   * conditions move with them.
   */
  readonly events?: readonly NewEvent[]
  /** By name, within the row; the same name replaces. */
  readonly timers?: readonly Timer[]
  readonly rechecks?: readonly AskFor[]
  /** Mute windows that it opens, moves or closes. */
  readonly windows?: readonly WindowChange[]
  /** Said to other rows of this watch, which are stepped with `told` before the input is done. */
  readonly tells?: readonly { readonly row: string; readonly body: Json }[]
}

/** A span in which some events of a host are held. */
export interface WindowChange {
  readonly kind: Mute['kind']
  readonly host: string
  /** Absent: from now on. */
  readonly from?: number
  /** Now or earlier: it is over. */
  readonly until: number
  /** Of one that ends early: conditions that began in it, and are told of only behind it, are held until then. */
  readonly lateUntil?: number
  /** Tells what was held of the host, on the channels that are told of it; elsewhere that is told by itself. */
  readonly report?: {
    readonly event: NewEvent
    /** Conditions that it names: told in it, they go on in its thread. */
    readonly names: readonly { readonly source: string; readonly key: string }[]
  }
}

export interface Timer {
  readonly name: string
  /** Absent: takes the timer back. */
  readonly at?: number
  readonly body?: Json
  /** A time on the wall: a step of the clock leaves it where it is. */
  readonly clock?: 'calendar'
  /**
   * Set when the timer stands for silence: "nothing was heard for so long". After our own absence it is set anew for a
   * full period, since what was said meanwhile may have been missed.
   */
  readonly periodMs?: number
}

export interface AskFor extends Recheck {
  /** Absent: the source of the input. */
  readonly source?: string
  /** Absent: at once. One recheck per source, name and key waits at a time; a later wish moves it. */
  readonly at?: number
}

export type { JsonObject }
