// How many records a boot may have: ours are counted, and when there are as many as there may be, what is worth least makes room.
import { type Fitted, fit } from './bounds.ts'
import type { KvpEvent } from './event.ts'
import { parseKey } from './key.ts'
import { type OpenPool, readAll } from './open-pool.ts'
import { countRecords } from './own-records.ts'
import type { PoolFile } from './pool-file.ts'
import { readEvents } from './read-events.ts'
import { decodeRecords, recordBytes } from './record.ts'

export interface Room {
  /** Which of the new ones are to be appended; what gives way to them in the pool is gone from there. */
  fit<Item extends Newcomer>(pool: OpenPool, items: readonly Item[], own: OwnKeys, reserved: number): Made<Item>
  /** For so many more records there is room. */
  left(pool: OpenPool, start: string): number
}

export interface Newcomer {
  readonly event: KvpEvent
  readonly pairs?: readonly unknown[]
}

export interface OwnKeys {
  /** How keys of this prefix and boot begin. */
  readonly start: string
  /** Others write under this prefix too; then nothing that stands in the pool is known to be ours. */
  readonly shared: boolean
  /** The one record that is always kept: it says how many were dropped. */
  readonly notice?: string | undefined
}

export interface Made<Item> extends Fitted<Item> {
  /** Events that were taken out of the pool: starts whose finish is there, and others. */
  readonly gone: { readonly merged: number; readonly dropped: number }
}

/** An event as it stands in the pool. */
interface Standing {
  readonly event: Pick<KvpEvent, 'type' | 'name'>
  readonly records: Set<number>
}

/** Then so large a part is freed at once: a host that is reading the pool should not find it moved at each event. */
const freedPart = 32

export function createRoom(mostRecords: number, file: Pick<PoolFile, 'remove'>): Room {
  /** One is kept free for the notice. */
  const most = mostRecords - 1
  let counted = { to: 0, records: 0 }

  function count({ fd, size }: OpenPool, start: string): number {
    if (size < counted.to) counted = { to: 0, records: 0 }
    if (counted.to < size) counted = { to: size, records: counted.records + countRecords(fd, counted.to, size, start) }
    return counted.records
  }

  const left = (pool: OpenPool, start: string): number => Math.max(0, most - count(pool, start))

  return {
    left,
    fit(pool, items, own, reserved) {
      const none = { merged: 0, dropped: 0 }
      if (!Number.isFinite(most)) return { kept: items, merged: [], dropped: [], gone: none }
      const room = left(pool, own.start) - reserved
      const weight = items.reduce((sum, item) => sum + weightOf(item), 0)
      // Only while others are locked out may anything be taken out.
      if (weight <= room || !pool.locked || own.shared) return { ...fit(items, room, eventOf, weightOf), gone: none }
      const standing = standingIn(pool, own)
      const all = fit<Standing | Newcomer>([...standing, ...items], most - reserved, eventOf, weightOf)
      const given = giveMore(all, most - reserved)
      const goes = new Set(
        [...given.merged, ...given.dropped].filter(isStanding).flatMap(({ records }) => [...records]),
      )
      if (goes.size > 0) {
        file.remove(pool, ({ index }) => goes.has(index))
        counted = { to: 0, records: 0 }
      }
      const kept = new Set<unknown>(given.kept)
      const merged = new Set<unknown>(given.merged)
      return {
        kept: items.filter((item) => kept.has(item)),
        merged: items.filter((item) => merged.has(item)),
        dropped: items.filter((item) => !kept.has(item) && !merged.has(item)),
        gone: { merged: given.merged.filter(isStanding).length, dropped: given.dropped.filter(isStanding).length },
      }
    },
  }
}

/** When anything in the pool has to give way, a part of it does; what is new is not asked for more. */
function giveMore(all: Fitted<Standing | Newcomer>, most: number): Fitted<Standing | Newcomer> {
  if (![...all.merged, ...all.dropped].some(isStanding)) return all
  const old = all.kept.filter(isStanding)
  const fresh = all.kept.filter((one) => !isStanding(one))
  const weight = (some: readonly (Standing | Newcomer)[]): number => some.reduce((sum, one) => sum + weightOf(one), 0)
  const more = fit(old, Math.max(0, most - Math.floor(most / freedPart) - weight(fresh)), eventOf, weightOf)
  return {
    kept: [...more.kept, ...fresh],
    merged: [...all.merged, ...more.merged],
    dropped: [...all.dropped, ...more.dropped],
  }
}

function standingIn({ fd, size }: OpenPool, { start, notice }: OwnKeys): Standing[] {
  const bytes = readAll(fd, 0)
  const records = decodeRecords(bytes.subarray(0, size - (size % recordBytes))).filter(
    ({ key }) => key.startsWith(start) && key !== notice,
  )
  const { events } = readEvents(records)
  const standing = new Map<string, { event: Standing['event']; records: Set<number> }>()
  for (const { key, index } of records) {
    const parts = parseKey(key)
    const whole = parts?.slice === undefined ? key : key.slice(0, key.lastIndexOf('|'))
    const known = standing.get(whole) ?? {
      event: { type: parts?.type ?? '', name: parts?.name ?? '' },
      records: new Set(),
    }
    known.event = events.get(index) ?? known.event
    known.records.add(index)
    standing.set(whole, known)
  }
  return [...standing.values()]
}

function isStanding(one: Standing | Newcomer): one is Standing {
  return 'records' in one
}

function eventOf({ event }: Standing | Newcomer): Standing['event'] {
  return event
}

function weightOf(one: Standing | Newcomer): number {
  return isStanding(one) ? one.records.size : (one.pairs ?? []).length
}
