// The roll of all hosts: how each one is, in few bytes, with the counts by which it is known whether any is heard.
import { hashText } from '../../lib/hash.ts'

/** alive, quiet (a sample has not come), held (silent and not told singly), silent (told), or away by its own word. */
export type Status = 'alive' | 'quiet' | 'held' | 'silent' | 'away'
/** `local`: on the hub's own machine, so that it says nothing of whether the hub hears the others. */
export type Sort = 'always' | 'roaming' | 'local'

export interface Entry {
  readonly sort: Sort
  readonly status: Status
}

export type Roll = {
  /** In buckets, so that a change copies a few names and not ten thousand. */
  readonly buckets: { readonly [bucket: string]: { readonly [host: string]: string } }
  /** Hosts elsewhere that are heard. */
  readonly alive: number
  /** Hosts elsewhere that are to be heard always, are not, and were not told singly. */
  readonly missing: number
}

export const emptyRoll: Roll = { buckets: {}, alive: 0, missing: 0 }

const bucketCount = 128
const statuses: readonly Status[] = ['alive', 'quiet', 'held', 'silent', 'away']
const sorts: readonly Sort[] = ['always', 'roaming', 'local']

export function entryOf(roll: Roll, host: string): Entry | undefined {
  return read(bucketOf(roll, host)[host])
}

/** Undefined: it is gone. */
export function withEntry(roll: Roll, host: string, entry: Entry | undefined): Roll {
  const before = entryOf(roll, host)
  const bucket = String(hashText(host) % bucketCount)
  const { [host]: _old, ...others } = bucketOf(roll, host)
  return {
    buckets: { ...roll.buckets, [bucket]: entry === undefined ? others : { ...others, [host]: write(entry) } },
    alive: roll.alive + isAlive(entry) - isAlive(before),
    missing: roll.missing + isMissing(entry) - isMissing(before),
  }
}

export function hostsOf(roll: Roll): readonly (readonly [host: string, entry: Entry])[] {
  const all: (readonly [string, Entry])[] = []
  for (const bucket of Object.values(roll.buckets)) {
    for (const [host, text] of Object.entries(bucket)) {
      const entry = read(text)
      if (entry !== undefined) all.push([host, entry])
    }
  }
  return all
}

/** Nobody is heard of those who are elsewhere, and at least two of them should be: it is us. */
export function isBlind({ alive, missing }: Roll): boolean {
  return alive === 0 && missing >= 2
}

export function isMissingEntry(entry: Entry | undefined): boolean {
  return isMissing(entry) === 1
}

function isAlive(entry: Entry | undefined): number {
  return entry?.status === 'alive' && entry.sort !== 'local' ? 1 : 0
}

function isMissing(entry: Entry | undefined): number {
  return entry?.sort === 'always' && (entry.status === 'quiet' || entry.status === 'held') ? 1 : 0
}

function bucketOf({ buckets }: Roll, host: string): { readonly [host: string]: string } {
  return buckets[String(hashText(host) % bucketCount)] ?? {}
}

/** Two letters, such as `aq`. */
function write({ sort, status }: Entry): string {
  return `${sort[0]}${status === 'away' ? 'w' : status[0]}`
}

function read(text: string | undefined): Entry | undefined {
  return text === undefined ? undefined : entries.get(text)
}

const entries: ReadonlyMap<string, Entry> = new Map(
  sorts.flatMap((sort) => statuses.map((status) => [write({ sort, status }), { sort, status }] as const)),
)
