// What must wait goes into a bundle, to be told as one; what becomes of a condition there meanwhile is noted beside it; pure.
import { mostInGroup } from '../rules/group.ts'
import { type ConditionEnd, type Follows, type Severity, severities } from '../words.ts'
import type { Thread } from './condition-row.ts'
import type { Draft } from './draft.ts'

/** What waits under a bundle key; told as one by its job. */
export type Bundle = {
  readonly channel: string
  readonly rule: string
  readonly by: string
  readonly events: readonly BundledEvent[]
  /** Events beyond those named, and repeats that the named ones stood for. */
  readonly unnamed: number
  /** The first of those that are only counted; the others follow it. */
  readonly counted?: Follows
  readonly since: number
  readonly severity: Severity
  /** Waits for the report of this host. */
  readonly host?: string
}

export type BundledEvent = {
  readonly seq: number
  readonly rule: string
  readonly condition?: string
  /** Of a condition that has ended meanwhile: by which event, and what there is to say of it. */
  readonly ended?: Ended
}

export type Ended = {
  readonly seq: number
  readonly at: number
  readonly by: ConditionEnd
  readonly since: number
  readonly title: string
}

/** Beyond those that a digest names. */
export const withoutName = 'counted in the digest without its name'

/** Why a thread hears nothing more of what stood only in "and 37 more". */
export const countedWords = 'it was only counted in a digest'

/** After our own absence its host may just have booted, and is about to report: so long it is waited for anew. */
const reportWaitMs = 600_000

/** More than a person reads in one message; the rest is counted. */
const namedAtMost = 100

export interface Held {
  readonly bundle: string
  readonly at: number
  readonly by: string
  readonly channel: string
  readonly rule: string
  readonly event: { readonly seq: number; readonly source: string; readonly time: number; readonly severity: Severity }
  readonly repeats: number
  readonly source?: string
  readonly host?: string
  readonly condition?: string
  readonly reason: string
}

/** Puts an event into a bundle; the bundle's job, set by its first event, tells it. False: it is counted, not named. */
export function hold(draft: Draft, held: Held, now: number): boolean {
  const known = draft.get(held.bundle) as Bundle | undefined
  const open: Bundle = known ?? {
    channel: held.channel,
    rule: held.rule,
    by: held.by,
    events: [],
    unnamed: 0,
    since: held.event.time,
    severity: held.event.severity,
    ...(held.host === undefined ? {} : { host: held.host }),
  }
  const named = open.events.length < namedAtMost
  const { seq: event } = held.event
  const counted = named ? open.counted : (open.counted ?? { event, rule: held.rule })
  const isFollower = !named && counted?.event !== event
  draft.put(held.bundle, {
    ...open,
    events: named ? [...open.events, entryOf(held)] : open.events,
    unnamed: open.unnamed + held.repeats + (named ? 0 : 1),
    ...(counted === undefined ? {} : { counted }),
    severity: worst(open.severity, held.event.severity),
  })
  const isFull = held.by === 'group' && open.events.length + 1 === mostInGroup
  if (known === undefined || isFull) {
    draft.job({
      key: held.bundle,
      kind: 'bundle',
      dueAt: isFull ? now : held.at,
      clock: 'hub',
      ...(held.source === undefined ? {} : { source: held.source }),
      ...(held.host === undefined ? {} : { periodMs: reportWaitMs }),
      body: null,
    })
  }
  draft.verdicts.push({
    event,
    rule: held.rule,
    channel: held.channel,
    state: isFollower ? 'merged' : 'held',
    by: held.by,
    reason: named ? held.reason : `${held.reason}; ${withoutName}`,
    ...(isFollower && counted !== undefined ? { follows: counted } : {}),
    until: held.at,
    at: now,
  })
  return named
}

/** The thread of a condition that waits here under this entry. */
export function isIn(thread: Thread, key: string, { seq }: BundledEvent): boolean {
  return thread.state === 'bundled' && thread.bundle === key && thread.event === seq
}

/** Notes at its beginning that a condition has ended, or that it has come back: with nothing noted. Returns what was noted. */
export function noteEnd(draft: Draft, thread: Thread, ended?: Ended): Ended | undefined {
  let before: Ended | undefined
  changeEntry(draft, thread, ({ ended: noted, ...entry }) => {
    before = noted
    return [ended === undefined ? entry : { ...entry, ended }]
  })
  return before
}

/** It waits here no more. */
export function takeOut(draft: Draft, thread: Thread): void {
  changeEntry(draft, thread, () => [])
}

function changeEntry(draft: Draft, thread: Thread, change: (entry: BundledEvent) => readonly BundledEvent[]): void {
  const { bundle: key } = thread
  const bundle = key === undefined ? undefined : (draft.get(key) as Bundle | undefined)
  if (key === undefined || bundle === undefined) return
  draft.put(key, { ...bundle, events: bundle.events.flatMap((one) => (isIn(thread, key, one) ? change(one) : [one])) })
}

function entryOf({ event, rule, condition }: Held): BundledEvent {
  return { seq: event.seq, rule, ...(condition === undefined ? {} : { condition }) }
}

function worst(one: Severity, other: Severity): Severity {
  return severities.indexOf(one) >= severities.indexOf(other) ? one : other
}
