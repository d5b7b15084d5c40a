// What is kept of one host around its boots: which boot it is, what is to start, and what is wrong by now.
import type { Guest } from '../../source-boot.ts'
import type { Severity } from '../../words.ts'

export type State = {
  readonly v: 1
  readonly bootId: string
  /** By the hub's clock: when it was received minus how long the host was up. */
  readonly bootedAt: number
  readonly phase: 'calm' | 'starting' | 'stopping'
  /** It has said that it stops; of which boot. */
  readonly stopping?: { readonly at: number; readonly bootId: string }
  /** A source of its tells when it stops: then a boot without such a word was an unclean one. */
  readonly saysWhenStopping?: true
  readonly previousClean?: boolean
  /** From the last word before to the boot. */
  readonly downMs?: number
  readonly lastSeenAt: number
  /** Who can be asked for what: the source of the last such fact. */
  readonly sources: { readonly [name: string]: string }
  readonly guests: { readonly [id: string]: GuestState }
  /** What is not ok, by fact name and key: `storage nas`. */
  readonly wrong: { readonly [thing: string]: string }
  /** What was not ok since the boot and is by now: after how long. */
  readonly late: { readonly [thing: string]: number }
  /** Conditions of this host that began and have not ended, as far as they were seen in the grace. */
  readonly open: readonly OpenCondition[]
  /** What happened since the boot and has no end, such as an error in the journal: how often. */
  readonly notes?: { readonly [title: string]: number }
  /** Looks in a row in which nothing was missing. */
  readonly good: number
  /** By how much the clock had been set when the row was written. */
  readonly steppedMs?: number
}

export type GuestState = Pick<Guest, 'guest' | 'name' | 'running' | 'onboot'> & {
  readonly startedAt?: number
  /** Why it did not start. */
  readonly failed?: string
}

export type OpenCondition = {
  readonly source: string
  readonly key: string
  readonly type: string
  readonly title: string
  readonly severity: Severity
  readonly subject?: string
}

/** More guests than a host has, and more trouble than a report can hold. */
export const mostGuests = 2000
export const mostThings = 200
export const mostOpen = 200
export const mostNotes = 50

export function fresh(bootId: string, bootedAt: number, seenAt: number): State {
  const nothing = { sources: {}, guests: {}, wrong: {}, late: {}, open: [], good: 0 }
  return { v: 1, bootId, bootedAt, phase: 'calm', lastSeenAt: seenAt, ...nothing }
}

/** As by a clock that was set since: what lasted five minutes has lasted five minutes. */
export function shift(state: State, steppedMs: number): State {
  const byMs = steppedMs - (state.steppedMs ?? 0)
  if (byMs === 0) return state
  const { stopping, guests } = state
  return {
    ...state,
    steppedMs,
    bootedAt: state.bootedAt + byMs,
    lastSeenAt: state.lastSeenAt + byMs,
    ...(stopping === undefined ? {} : { stopping: { ...stopping, at: stopping.at + byMs } }),
    guests: Object.fromEntries(
      Object.entries(guests).map(([id, guest]) => [
        id,
        guest.startedAt === undefined ? guest : { ...guest, startedAt: guest.startedAt + byMs },
      ]),
    ),
  }
}
