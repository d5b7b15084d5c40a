// What is kept of a condition: one row under (source, key), with the threads in which people were told of it; pure.
import { toKey } from '../lib/key.ts'
import type { StageState } from '../rule.ts'
import type { ConditionEnd, HubEvent, Json, Severity } from '../words.ts'

/** As JSON in a state row; retention reads `state`, `thread`, `opening` and `latest`. */
export type ConditionRow = {
  readonly v: 1
  readonly source: string
  readonly key: string
  readonly type: string
  /** The watch that made it: it ends when the watch is removed. */
  readonly watch?: string
  readonly state: 'open' | 'ended'
  /** The name of its threads: the id of the event that began it. */
  readonly thread: string
  readonly opening: number
  /** The newest event that said something new. */
  readonly latest: number
  readonly title: string
  readonly severity: Severity
  readonly subject?: string
  readonly host?: string
  /** As last seen; for what looks at it when no event is at hand. */
  readonly labels?: { readonly [name: string]: string }
  /** A person looks after it: it is not said again until it gets worse. */
  readonly acked?: { readonly by: string; readonly at: number }
  readonly since: number
  /** Hub time at which it was last heard of. */
  readonly seenAt: number
  readonly repeats: number
  readonly changes: number
  readonly endsAt?: number
  readonly expireAfterMs?: number
  readonly endedAt?: number
  readonly endedBy?: ConditionEnd
  /** The event that ended it. */
  readonly ending?: number
  /** How often it began within a short time; more than once, it flaps until it has been calm. */
  readonly began: number
  readonly flapping?: true
  readonly threads: readonly Thread[]
  /** The times before it began anew, the newest last: messages on them may still be sent again by hand. */
  readonly past?: readonly Past[]
}

/** With the threads in which nobody had been told by then. */
export type Past = Pick<ConditionRow, 'thread' | 'since' | 'title' | 'endedAt' | 'endedBy' | 'ending' | 'threads'>

/** One channel's recipient who is, or is to be, told. */
export type Thread = {
  readonly rule: string
  readonly channel: string
  readonly recipient: string
  /**
   * `pending`: its first message is on its way; `told`: it arrived; `held`: a stage holds it until a job looks again;
   * `bundled`: it waits in a digest; `lost`: the channel could not be told.
   */
  readonly state: 'pending' | 'told' | 'held' | 'bundled' | 'lost'
  /** Told in a report, whose thread it goes on in. */
  readonly in?: string
  /** The message that says, or is to say, that it began. */
  readonly delivery?: number
  /** Where it is bundled. */
  readonly bundle?: string
  readonly by?: string
  readonly reason?: string
  readonly until?: number
  /** The event that is held or bundled, or by which a digest names it. */
  readonly event?: number
  /** The newest event that was put into a message which may have been on its way already: its outcome tells. */
  readonly folded?: { readonly into: number; readonly event: number }
  /** A change that a silence or a mute window holds back. */
  readonly muted?: { readonly event: number; readonly by: string; readonly until: number }
  /** The newest message behind the first one; as long as it waits, what is new goes into it. */
  readonly behind?: number
  /** The message that says that it ended, or is to. */
  readonly end?: number
  /** As last told here. */
  readonly severity: Severity
  readonly reminders?: number
}

/** In the rule's place where a channel hears what another could not be told. */
export const fallbackRule = '(fallback)'

/** A row that has ended is kept so long: for what is still on its way, and for those who look back. */
const keptMs = 7 * 86_400_000

const mostPast = 10

/** What a row remembers when its condition begins anew. */
export function pastOf(before: ConditionRow | undefined): Pick<ConditionRow, 'past'> {
  if (before === undefined) return {}
  const { thread, since, title, endedAt, endedBy, ending, threads, past = [] } = before
  // Nobody was to be told of it.
  if (threads.length === 0 || endedAt === undefined || endedBy === undefined || ending === undefined)
    return past.length === 0 ? {} : { past }
  const untold = threads.filter(({ state }) => state !== 'told')
  return { past: [...past, { thread, since, title, endedAt, endedBy, ending, threads: untold }].slice(-mostPast) }
}

export const conditionPrefix = 'condition|'

export function conditionKey(source: string, key: string): string {
  return toKey('condition', source, key)
}

export function keyOfEvent(event: Pick<HubEvent, 'source' | 'condition'>): string | undefined {
  return event.condition === undefined ? undefined : conditionKey(event.source, event.condition.key)
}

export function keyOfRow(row: ConditionRow): string {
  return conditionKey(row.source, row.key)
}

export function readRow(state: Pick<StageState, 'get'>, key: string): ConditionRow | undefined {
  return state.get(key) as ConditionRow | undefined
}

/** Rows as the store lists them. */
export function readRows(states: readonly (readonly [key: string, value: Json])[]): ConditionRow[] {
  return states.map(([, value]) => value as ConditionRow)
}

/** For those who were told as well: the end of what flaps is held back until it has been calm. */
export function hasEnded({ state, flapping }: ConditionRow): boolean {
  return state === 'ended' && flapping !== true
}

export function putRow(state: Pick<StageState, 'put'>, row: ConditionRow, now: number): void {
  const key = keyOfRow(row)
  if (row.state === 'open') state.put(key, row)
  else state.put(key, row, now + keptMs)
}

/** Jobs of a condition, by what they are for. */
export const jobKeys = {
  /** It ends by itself. */
  ends: (key: string): string => toKey('ends', key),
  /** It has been calm for long enough to count as ended, or as plainly open. */
  calm: (key: string): string => toKey('calm', key),
  /** A held beginning is looked at again. */
  still: (key: string, rule: string, channel: string): string => toKey('still', key, rule, channel),
  remind: (key: string, rule: string, channel: string): string => toKey('remind', key, rule, channel),
} as const

/** The body of such jobs. */
export type ConditionJob = { readonly condition: string; readonly rule?: string; readonly channel?: string }
