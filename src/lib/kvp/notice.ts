// One record of a pool that says how many events of this boot were dropped, by all programs of one prefix together.
import type { KvpEvent, Writer } from './event.ts'
import type { OpenPool } from './open-pool.ts'
import { valueOf } from './own-records.ts'
import type { PoolFile } from './pool-file.ts'
import type { Pair } from './record.ts'

export interface Notice {
  keyOf(writer: Writer): string | undefined
  /** Of so many nothing is said yet. */
  unsaid(dropped: number): number
  /** To be appended; none when the record that is there could be changed in its place. */
  pairs(pool: OpenPool, writer: Writer, dropped: number): readonly Pair[]
  /** What was to be appended is in the pool. */
  noteAppended(): void
}

export interface NoticeOptions {
  readonly file: Pick<PoolFile, 'replace'>
  encode(event: KvpEvent, writer: Writer, uuid: string): readonly Pair[]
  now(): number
}

/** Always the same: two records of this key would be one more for the same. */
const uuid = '00000000-0000-4000-8000-000000000000'

export function createNotice({ file, encode, now }: NoticeOptions): Notice {
  let said = 0
  let appending = 0
  let key: string | undefined

  const pairOf = (writer: Writer, count: number): Pair | undefined => {
    const description = `${count} ${count === 1 ? 'event' : 'events'} dropped`
    return encode({ type: 'diagnostic', name: 'events-dropped', description, at: now() }, writer, uuid)[0]
  }

  return {
    keyOf: (writer) => (key ??= pairOf(writer, 0)?.key),
    unsaid: (dropped) => dropped - said,
    pairs(pool, writer, dropped) {
      if (dropped === said || key === undefined) return []
      // Other programs may have dropped some too.
      const [, before = '0'] = /(\d+) events? dropped/.exec(valueOf(pool, key) ?? '') ?? []
      const pair = pairOf(writer, Number(before) + dropped - said)
      if (pair === undefined) return []
      if (file.replace(pool, pair)) {
        said = dropped
        return []
      }
      appending = dropped
      return [pair]
    },
    noteAppended() {
      said = Math.max(said, appending)
    },
  }
}
