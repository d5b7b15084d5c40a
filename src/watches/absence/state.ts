// What is kept of the hosts: a row for each, and one for all of them. As JSON in state rows.
import type { WatchInput, WatchPlace, WatchResult } from '../../watch.ts'
import type { JsonObject } from '../../words.ts'
import type { Boots } from './boots.ts'
import type { AbsenceOptions } from './options.ts'
import type { Roll, Sort, Status } from './roll.ts'

export type HostState = {
  readonly v: 1
  readonly status: Status
  readonly sort: Sort
  /** When it last sent anything, whatever the time of that. */
  readonly seenAt: number
  /** How often it sends, by its own word or the options. */
  readonly everyMs: number
  readonly boots?: Boots
  /** When it said that it stops, in its own time; absent once it has booted, or gone on for long. */
  readonly stopAt?: number
}

export type AllState = {
  readonly v: 1
  /** All that the rows of hosts were last judged by, to notice that it has changed. */
  readonly setting: string
  readonly roll: Roll
  /**
   * suspect: nobody is heard, and it is waited whether that stays so. blind: it has been told.
   * recovering: somebody is heard again, and it is waited who else comes back.
   */
  readonly phase?: Phase
  /** When any host elsewhere was last heard, as far as one has been missed since. */
  readonly lastHeardAt?: number
  /** Our own last absence: what a host said meanwhile may be lost. */
  readonly awayUntil?: number
}

export type Phase = {
  readonly name: 'suspect' | 'blind' | 'recovering'
  readonly spanMs: number
  /** Since when silent hosts are held without a word. */
  readonly heldSince: number
}

export type State = HostState | AllState

/** All that a decision stands on beside the state. */
export interface Setting {
  readonly options: AbsenceOptions
  readonly place: WatchPlace
  readonly now: number
}

export type Step<Kept extends State> = (
  state: Kept | undefined,
  input: WatchInput,
  setting: Setting,
) => WatchResult<Kept>

/** What a host's row says to that of all. */
export type HostWord =
  | { readonly is: Status; readonly sort: Sort; readonly seenAt: number; readonly everyMs: number }
  | { readonly gone: true }
  | { readonly booted: JsonObject; readonly clean: boolean; readonly seenAt: number; readonly at: number }

/** What the row of all says to one of a host. */
export type AllWord =
  /** Tell of it singly; `waitedMs`: so long it was waited whether it comes back with the others. */
  { readonly speak: true; readonly waitedMs?: number } | { readonly reread: true } | { readonly shiftMs: number }

export const allRow = 'all'
const hostPrefix = 'host:'

export function rowOf(host: string): string {
  return hostPrefix + host
}

export function hostOf(row: string): string {
  return row.slice(hostPrefix.length)
}

/** A timer that comes so late says that we slept, or could not write: deaf in either case. */
const lateMs = 60_000

export type WaitBody = { readonly stage: string; readonly at: number; readonly again?: true }

/** A timer that stands for silence. */
export function waitTimer(stage: string, waitMs: number, { now }: Setting, more: { readonly periodMs?: number } = {}) {
  const body: WaitBody = { stage, at: now + waitMs }
  return { name: 'wait', at: now + waitMs, periodMs: more.periodMs ?? waitMs, body }
}

/** The same again, once, when it comes too late to say anything; undefined: it stands. */
export function waitAgain(body: WaitBody, periodMs: number, { now }: Setting): WatchResult<never> | undefined {
  if (body.again === true || now <= body.at + lateMs) return undefined
  return {
    timers: [{ name: 'wait', at: now + periodMs, periodMs, body: { ...body, at: now + periodMs, again: true } }],
  }
}
