// The store's interface: async and batch-shaped, in the words of the domain. One contract suite runs over every store.
import type { HostSample } from '../source-sample.ts'
import type { Delivery, Fact, HubEvent, Job, Json, Reason, Verdict, VerdictState } from '../words.ts'

export interface Store {
  /** What was found at opening: a new, a repaired or a replaced file. */
  readonly opened: Opened
  /** Where new positions start: above all that are taken, or where a store begun at `now` would. */
  nextSeq(now: number): Promise<number>
  /** State rows, jobs and identities of the keys a batch of decisions needs, in one round trip. */
  load(wanted: Wanted): Promise<Loaded>
  /**
   * One transaction, on disk when it resolves; throws `StoreFailed` and changes nothing when it cannot. When some of
   * `newIdentities` are there already it changes nothing either, and returns those.
   */
  commit(batch: Commit): Promise<ReadonlyMap<string, Identity>>

  /** Jobs due at or before `now`, earliest first, and when the next one is due. */
  dueJobs(now: number, limit: number): Promise<{ readonly jobs: readonly Job[]; readonly nextAt?: number }>
  /** Deliveries of a channel that wait (queued, retrying), oldest first; with their events as far as `bytes` go, else 16 MiB. */
  waiting(channel: string, afterSeq: number, limit: number, bytes?: number): Promise<readonly WaitingDelivery[]>
  /** Channels for which deliveries wait. */
  waitingChannels(): Promise<readonly string[]>
  /** All jobs of a kind, or all that stand for silence. */
  jobs(which: { readonly kind: string } | { readonly absence: true }): Promise<readonly Job[]>
  /** Deliveries that were being sent when the last process ended, without their events. */
  interrupted(): Promise<readonly WaitingDelivery[]>

  /** What the service called the first and the last message of a thread that reached this recipient. */
  handles(channel: string, recipient: string, thread: string): Promise<Handles>

  cursor(source: string): Promise<Json | undefined>
  rows(source: string): Promise<readonly (readonly [key: string, value: Json])[]>

  events(query: EventQuery): Promise<readonly HubEvent[]>
  event(id: string): Promise<HubEvent | undefined>
  /** Facts by position, upwards; of one key the last before a position. */
  facts(query: FactQuery): Promise<readonly Fact[]>
  /** State rows whose keys begin with `prefix`, by key. */
  states(prefix: string): Promise<readonly (readonly [key: string, value: Json])[]>
  /** In the order asked for, without those that are gone; beyond 16 MiB large ones come without what makes them so. */
  namedEvents(seqs: readonly number[]): Promise<readonly HubEvent[]>
  verdicts(events: readonly number[]): Promise<readonly Verdict[]>
  deliveries(query: DeliveryQuery): Promise<readonly Delivery[]>
  delivery(id: string): Promise<DeliveryDetail | undefined>
  /** All that is not an event, in order: configs, commands, jobs, outcomes. */
  inputs(fromSeq: number, limit: number): Promise<readonly InputRow[]>
  totals(): Promise<Totals>
  /** The config in force, secrets as references. */
  setting(key: string): Promise<Json | undefined>

  /** Those that a sample came of, by name. */
  hosts(): Promise<readonly HostRow[]>
  host(name: string): Promise<HostRow | undefined>
  /** The finest that reaches back so far and has at most so many points; always up to the last sample that was committed. */
  history(query: HistoryQuery): Promise<HistoryAnswer>
  /** Takes the samples that came since the last time into the history; returns how many facts it looked through. */
  roll(): Promise<number>
  /** Drops a host with its history; false: there is none. It is a new one when it is heard of again. */
  forgetHost(name: string): Promise<boolean>

  /** Deletes what retention no longer keeps; returns the number of rows. */
  prune(policy: Retention): Promise<number>
  /** A consistent copy while running. */
  backup(path: string): Promise<void>
  /** The state tables into a file beside the store, hourly, for the day the store itself cannot be read. */
  copyState(path: string): Promise<void>
  /** `ok`, or what is wrong with the file. */
  quickCheck(): Promise<string>
  close(): Promise<void>
}

export interface Opened {
  readonly created: boolean
  /** The name the broken file was set aside under, and the span no row is left of. */
  readonly lost?: {
    readonly setAside: string
    readonly from: number
    readonly until: number
    readonly recovered: 'repaired' | 'copy' | 'nothing'
  }
}

export interface Wanted {
  readonly state: readonly string[]
  readonly identities: readonly string[]
  readonly deliveries?: readonly number[]
}

export interface Handles {
  readonly first?: string
  readonly last?: string
}

export interface FactQuery {
  readonly afterSeq?: number
  readonly since?: number
  readonly limit: number
  /** Newest first, of this name and key only. */
  readonly last?: { readonly source: string; readonly name: string; readonly key: string }
}

export interface Loaded {
  /** Absent keys are absent. */
  readonly state: ReadonlyMap<string, Json>
  readonly jobs: ReadonlyMap<string, Job>
  readonly identities: ReadonlyMap<string, Identity>
  readonly deliveries: ReadonlyMap<number, Delivery>
}

export interface Identity {
  readonly seq: number
  /** Of the content, to notice the same identity with another. */
  readonly digest: string
}

export interface IdentityRow extends Identity {
  readonly key: string
  readonly at: number
}

export interface StateRow {
  readonly key: string
  /** Absent: delete. */
  readonly value?: Json
  /** Hub time after which nobody needs the row. */
  readonly expiresAt?: number
}

/** What one batch of decisions changes. */
export interface Commit {
  readonly inputs?: readonly InputRow[]
  readonly events?: readonly HubEvent[]
  readonly facts?: readonly Fact[]
  readonly verdicts?: readonly Verdict[]
  readonly state?: readonly StateRow[]
  readonly jobs?: readonly Job[]
  readonly jobsDone?: readonly string[]
  /** Moves the times of elapsed-time jobs and of unsent deliveries, after a step of the wall clock. */
  readonly shiftJobsMs?: number
  readonly deliveries?: readonly Delivery[]
  readonly attempts?: readonly Attempt[]
  readonly parts?: readonly StoredPart[]
  /** Replaced if there. */
  readonly identities?: readonly IdentityRow[]
  /** Not there, as far as is known: what a sender sends is mostly new, and asking first would cost a round trip. */
  readonly newIdentities?: readonly IdentityRow[]
  readonly sources?: readonly SourceRow[]
  readonly settings?: readonly (readonly [key: string, value: Json])[]
}

/** An input that is no event; events are kept in a table of their own under the same order. */
export interface InputRow {
  readonly seq: number
  readonly at: number
  readonly kind: 'job' | 'command' | 'outcome' | 'config'
  readonly body: Json
}

export interface Attempt {
  readonly delivery: string
  /** From 1. */
  readonly number: number
  readonly startedAt: number
  readonly endedAt: number
  readonly result: 'ok' | Reason
  readonly maybeDelivered: boolean
  readonly detail: string
}

export interface StoredPart {
  readonly delivery: string
  readonly number: number
  readonly text: string
  readonly handle?: string
  readonly sentAt?: number
}

export interface SourceRow {
  readonly name: string
  readonly cursor?: Json
  readonly put?: readonly (readonly [key: string, value: Json])[]
  readonly delete?: readonly string[]
}

export interface WaitingDelivery {
  readonly delivery: Delivery
  /** Absent: too large to come with the others; `namedEvents` has them. */
  readonly events?: readonly HubEvent[]
}

export interface DeliveryDetail {
  readonly delivery: Delivery
  /** Beyond 1 MiB large ones come without what makes them so. */
  readonly events: readonly HubEvent[]
  readonly tried: readonly Attempt[]
  readonly parts: readonly StoredPart[]
}

export interface EventQuery {
  readonly type?: string
  readonly source?: string
  readonly host?: string
  readonly since?: number
  /** Newest first unless `ascending`. */
  readonly ascending?: boolean
  readonly afterSeq?: number
  readonly beforeSeq?: number
  readonly limit: number
  /** A page whose events are larger together ends early; one event it has, unless there is none. */
  readonly bytes?: number
}

export interface DeliveryQuery {
  readonly channel?: string
  readonly states?: readonly Delivery['state'][]
  readonly event?: number
  readonly beforeSeq?: number
  readonly limit: number
}

export interface HostRow {
  readonly name: string
  readonly firstSeenAt: number
  readonly lastSeenAt: number
  /** Of the last sample. */
  readonly source: string
  readonly sample: HostSample
}

export interface HistoryQuery {
  readonly host: string
  /** A series, such as `filesystem_percent{mount="/data"}`. */
  readonly metric: string
  readonly from: number
  readonly to: number
  /** At most so many. */
  readonly points: number
}

export interface HistoryAnswer {
  readonly stepSeconds: number
  /** By time upwards; where nothing is known there is none. `at` is the beginning of its step. */
  readonly points: readonly (readonly [at: number, count: number, sum: number, min: number, max: number])[]
}

export interface Totals {
  readonly events: number
  readonly verdicts: { readonly [state in VerdictState]?: number }
  readonly deliveries: readonly {
    readonly channel: string
    readonly state: Delivery['state']
    readonly count: number
    readonly oldestAt: number
  }[]
  readonly bytes: number
}

/** Times before which a class of rows goes; open holds and unsent deliveries always stay. */
export interface Retention {
  readonly now: number
  readonly unmatchedInfoBefore: number
  readonly restBefore: number
  readonly factsBefore: number
  readonly identitiesBefore: number
  /** Of history by the minute, by ten minutes, by the hour; hosts not heard of since the last of them go as well. */
  readonly historyBefore: readonly [minute: number, tenMinutes: number, hour: number]
  readonly limitRows: number
}

/** The store could not write: the disk is full, read-only or failing. Nothing of the batch was kept. */
export class StoreFailed extends Error {
  override readonly name = 'StoreFailed'
}
