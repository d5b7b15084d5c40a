// What is known of each alert: whether it fires, since when, and what it said last; one session row for each, so that a
// restart keeps it. It tells news from repeats before the hub does, which sees only one event at a time.
import type { Progress } from '../../source.ts'
import type { Json } from '../../words.ts'
import type { Alert } from './alert.ts'
import { type Entry, type Firing, isOldNews, type Over, readRows, toFiring, toOver, toRow } from './entry.ts'
import type { Told } from './event.ts'

export type Sighting =
  | { readonly kind: 'posted' | 'polled'; readonly alert: Alert }
  /** It was not in the list that was asked for at `askedAt`. */
  | { readonly kind: 'gone'; readonly fingerprint: string; readonly askedAt: number }

export interface Ledger {
  /** Begins to note what a batch of sightings changes. */
  begin(now: number): Turn
  /** Fingerprints of those that fire and were last heard of before. */
  firingUnheardSince(at: number): string[]
  /** Whether the alert is over, and that was learned later than this. */
  hasEndedSince(fingerprint: string, at: number): boolean
  readonly firing: number
}

/** The changes of one batch; what comes meanwhile builds on them, though they may still come to nothing. */
export interface Turn {
  /** What there is to tell; undefined when it is known that this is over. */
  see(sighting: Sighting): Told | undefined
  progress(): Required<Pick<Progress, 'put' | 'delete'>>
  /** It is on disk. */
  keep(): void
  /** It could not be stored. */
  drop(): void
}

/** Beyond so many, alerts are told all the same, but a poll cannot end them. */
const mostFiring = 10_000
const mostOver = 10_000
/** The hub knows repeats by their identity for so long: until then a new round needs another one. */
const overMs = 7 * 86_400_000

export function createLedger(saved: Iterable<readonly [key: string, value: Json]>): Ledger {
  const firing = new Map<string, Firing>()
  /** Oldest first. */
  const over = new Map<string, Over>()
  /** What is being written. */
  const ahead = new Map<string, Entry>()
  const heard = new Map<string, number>()
  const settled = (key: string): Entry | undefined => firing.get(key) ?? over.get(key)
  const current = (key: string): Entry | undefined => ahead.get(key) ?? settled(key)

  function settle(key: string, entry: Entry): void {
    firing.delete(key)
    over.delete(key)
    if (entry.status === 'firing') firing.set(key, entry)
    else over.set(key, entry)
    if (entry.status === 'resolved') heard.delete(key)
  }

  /** Those that nobody needs to know any more. */
  function outdated(now: number): [string, Over][] {
    const found: [string, Over][] = []
    for (const [key, entry] of over) {
      if (over.size - found.length <= mostOver && entry.at > now - overMs) break
      if (!ahead.has(key)) found.push([key, entry])
    }
    return found
  }

  function begin(now: number): Turn {
    const forgotten = outdated(now)
    const changes = new Map<string, Entry>()
    const heardNow: string[] = []
    const note = (key: string, entry: Entry): void => {
      changes.set(key, entry)
      ahead.set(key, entry)
    }
    const isFull = (key: string): boolean => current(key) === undefined && firing.size + ahead.size >= mostFiring

    return {
      see(sighting) {
        if (sighting.kind === 'gone') {
          const before = firing.get(sighting.fingerprint)
          const isUnheard = (heard.get(sighting.fingerprint) ?? 0) < sighting.askedAt
          if (before === undefined || ahead.has(sighting.fingerprint) || !isUnheard) return undefined
          note(sighting.fingerprint, toOver(before.alert, before, now))
          const { endsAt: _, ...alert } = before.alert
          return { alert: { ...alert, status: 'resolved' }, round: before.round, gone: true }
        }
        const { alert, kind } = sighting
        const before = current(alert.fingerprint)
        if (alert.status === 'resolved') {
          if (isOldNews(alert, before, settled(alert.fingerprint))) return undefined
          note(alert.fingerprint, toOver(alert, before, now))
          return { alert, round: before?.round ?? 0 }
        }
        heardNow.push(alert.fingerprint)
        const entry = toFiring(alert, before, kind === 'polled')
        if (entry !== settled(alert.fingerprint) && !isFull(alert.fingerprint)) note(alert.fingerprint, entry)
        return { alert: entry.alert, round: entry.round, ...(alert.endsAt && { endsAt: alert.endsAt }) }
      },
      progress() {
        const put = Array.from(changes, ([key, entry]): [string, Json] => [key, toRow(entry)])
        return { put, delete: forgotten.map(([key]) => key).filter((key) => !changes.has(key)) }
      },
      keep() {
        for (const [key, entry] of forgotten) if (over.get(key) === entry) over.delete(key)
        for (const [key, entry] of changes) {
          settle(key, entry)
          if (ahead.get(key) === entry) ahead.delete(key)
        }
        for (const key of heardNow) if (firing.has(key)) heard.set(key, now)
      },
      drop() {
        for (const [key, entry] of changes) if (ahead.get(key) === entry) ahead.delete(key)
      },
    }
  }

  for (const [key, entry] of readRows(saved)) settle(key, entry)
  return {
    begin,
    firingUnheardSince: (at) => [...firing.keys()].filter((key) => (heard.get(key) ?? 0) < at),
    hasEndedSince(fingerprint, at) {
      const entry = current(fingerprint)
      return entry?.status === 'resolved' && entry.at > at
    },
    get firing() {
      return firing.size
    },
  }
}
